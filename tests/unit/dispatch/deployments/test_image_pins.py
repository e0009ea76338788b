"""A revision has one image, whatever its name means later. A pull blocks no other work."""

import threading
from typing import Any

import pytest

from nbyard.dispatch.deployments import image_pins
from nbyard.dispatch.deployments.image_pins import ImagePins
from nbyard.dockerd import logged_in
from nbyard.dockerd.engine_images import login_for
from nbyard.domain.credentials import Login
from nbyard.errors import NbyardError


class Engine:
    """Its registry says nothing until it `speaks`."""

    def __init__(self, **images: str) -> None:
        self.images, self.speaks = images, threading.Event()
        self.speaks.set()
        self.wanted: list[bool] = []
        self.refusal = ""

    def image_id(self, name: str) -> str:
        return name if name in self.images.values() else self.images.get(name, "")

    def pull(self, name: str, say: Any, wanted: Any) -> None:
        self.speaks.wait()
        say("a layer")
        self.wanted.append(wanted())
        if self.refusal:
            raise NbyardError(self.refusal)
        if self.wanted[-1]:
            self.images[name] = "fetched"


@pytest.fixture(autouse=True)
def patience(monkeypatch) -> None:
    monkeypatch.setattr(image_pins, "BRIEF_SECONDS", 60.0)


def pins(engine: Any) -> ImagePins:
    return ImagePins(engine, threading.Event())


def told(engine: Engine, known: str) -> str:
    return pins(engine).image_of(1, "cows", known, lambda _: None)


def test_the_image_of_the_first_start_is_kept() -> None:
    assert told(Engine(cows="one"), "") == "one"
    assert told(Engine(cows="two", old="one"), "one") == "one"
    assert told(Engine(), "") == "fetched" == told(Engine(), "fetched")


def test_another_image_of_that_name_is_refused() -> None:
    for engine in (Engine(cows="two"), Engine()):
        with pytest.raises(NbyardError, match="refers to another image"):
            told(engine, "one")


def test_each_failed_pull_raises_its_reason() -> None:
    engine = Engine()
    engine.refusal = "no such image"
    made = pins(engine)
    for _ in range(2):
        with pytest.raises(NbyardError, match="no such image"):
            made.image_of(1, "cows", "", lambda _: None)
    assert len(engine.wanted) == 2


def test_a_pull_runs_once_and_blocks_no_others(monkeypatch):
    monkeypatch.setattr(image_pins, "BRIEF_SECONDS", 0.0)
    engine, said = Engine(here="one"), list[str]()
    engine.speaks.clear()
    made = pins(engine)
    for _ in range(3):
        assert made.image_of(1, "cows", "", said.append) == ""
        assert made.image_of(2, "here", "", said.append) == "one"
    engine.speaks.set()
    monkeypatch.setattr(image_pins, "BRIEF_SECONDS", 60.0)
    assert made.image_of(1, "cows", "", said.append) == "fetched"
    assert (engine.wanted, said) == ([True], ["a layer"])


@pytest.mark.parametrize("leaves", ["the revision", "the dispatcher"])
def test_an_unneeded_pull_is_stopped(monkeypatch, leaves):
    monkeypatch.setattr(image_pins, "BRIEF_SECONDS", 0.0)
    engine, said, leaving = Engine(), list[str](), threading.Event()
    engine.speaks.clear()
    given: Any = engine
    made = ImagePins(given, leaving)
    assert made.image_of(1, "cows", "", said.append) == ""
    (fetch,) = (one for one in threading.enumerate() if one.name.startswith("nbyard-fetch"))
    if leaves == "the revision":
        made.abandon(1)
    else:
        leaving.set()
    engine.speaks.set()
    fetch.join()
    assert engine.wanted == [False] and engine.images == {}
    assert said == ([] if leaves == "the revision" else ["a layer"])


def test_a_pull_uses_the_logins_of_the_owner() -> None:
    """The pull runs in another thread."""
    engine, seen = Engine(), list[Login | None]()
    mine = Login("hub", "ann", "x")

    def pull(name: str, say: Any, wanted: Any) -> None:
        seen.append(login_for(name))
        engine.images[name] = "fetched"

    engine.pull = pull  # type: ignore[method-assign]
    with logged_in(lambda _: mine):
        assert told(engine, "") == "fetched"
    assert seen == [mine]
