"""P4: a revision is of one image, whatever its name means later."""

from typing import Any

import pytest

from nbyard.dispatch.pinned import pinned
from nbyard.errors import NbyardError


class Engine:
    def __init__(self, **images: str) -> None:
        self.images, self.pulled = images, ""

    def image_id(self, name: str) -> str:
        return name if name in self.images.values() else self.images.get(name, "")

    def pull(self, name: str, *_: object) -> None:
        self.images[name] = self.pulled = "fetched"


def told(engine: Any, known: str) -> str:
    return pinned(engine, "cows", known, lambda _: None, lambda: True)


def test_the_image_of_the_first_start_is_kept() -> None:
    assert told(Engine(cows="one"), "") == "one"
    assert told(Engine(cows="two", old="one"), "one") == "one"
    assert told(Engine(), "") == "fetched" == told(Engine(), "fetched")


def test_another_image_of_that_name_is_refused() -> None:
    for engine in (Engine(cows="two"), Engine()):
        with pytest.raises(NbyardError, match="cows is another image by now"):
            told(engine, "one")
