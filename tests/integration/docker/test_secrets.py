"""S1, I25: secrets in containers are read from memory that is bound into them; nothing that the
engine tells of a container shows one."""

import json

import pytest

from nbyard.dockerd import STORE, Engine
from nbyard.domain.attempts import CommandWork
from nbyard.domain.runs import NewRun
from nbyard.errors import NbyardError
from nbyard.runner import memory
from nbyard.testing.secrets import CANARY, in_memory, is_in

from ..telling import (
    ANN,
    REACHES,
    Telling,
    assert_only_the_harmless_one,
    telling,
    writing,
)
from .bench import Bench, log_of, until

FAILS = pytest.mark.parametrize("fails", [False, True])


@pytest.fixture
def work(tmp_path, docker_settings, monkeypatch):
    for name, value in docker_settings.items():
        monkeypatch.setenv(name, value)
    with telling(tmp_path) as made:
        yield made


def started(engine: Engine, work: Telling) -> list[str]:
    """What the engine tells of the containers of this store."""
    found = engine.owned(STORE, work.yard.store.id)
    client = engine._client()
    return [json.dumps(client.inspect_container(one.name), ensure_ascii=False)
            for one in found if one.kind == "container"]  # fmt: skip


@FAILS
@pytest.mark.parametrize("containers", ["", "warm"])
def test_a_notebook(work, fails, containers):
    """One with a secret is never in a container that others are in."""
    path = work.telling_notebook()
    body = {"path": path, "runtime": "docker", "containers": containers}
    detail = work.run(**body, parameters={"token": "api", "fails": fails})
    work.check(detail, fails=fails)


@FAILS
@pytest.mark.parametrize("reach", REACHES)
def test_a_command(work, reach, fails):
    path = work.telling_script(reach, fails=fails)
    detail = work.run(path=path, runtime="docker", parameters={"token": "api"})
    work.check(detail, fails=fails)


def test_other_files_of_a_container(work):
    """K5, I26: those that came back; no link is followed."""
    detail = work.run(path=writing(work), runtime="docker", parameters={"token": "api"})
    assert_only_the_harmless_one(work, detail)


def test_what_the_engine_tells_shows_none(work, docker_engine):
    """Variables are filled inside, by a shell."""
    text = "import os, time\nprint(len(os.environ['TOKEN']), flush=True)\ntime.sleep(60)\n"
    argument = {"name": "token", "type": "secret", "reach": REACHES["variable"][0]}
    path = work.script(text, argument)
    runs = work.yard.services.runs
    made = runs.create(ANN, NewRun(path=path, runtime="docker", parameters={"token": "api"}))
    until(lambda: runs.log(ANN, made.id, "main").text == "17\n")
    told = started(docker_engine, work)
    assert len(told) == 1 and "secrets/token" in told[0] and not is_in(told[0].encode())
    runs.cancel(ANN, made.id)
    until(lambda: runs.get(ANN, made.id).run.state == "cancelled")
    until(lambda: not in_memory(work.yard.store.id))


def test_an_engine_elsewhere_is_told_why_not(bench: Bench):
    order = bench.order(CommandWork(argv=["true"]))
    target = memory.place(order.store_id, order.attempt_id)
    memory.give(str(order.folder), target, {"token": CANARY.encode()}, [CANARY])
    try:
        with pytest.raises(NbyardError, match="does not see the memory of this machine"):
            bench.runtime(staging="volume").start(order)
        assert log_of(order) == ""
    finally:
        memory.remove(target)
