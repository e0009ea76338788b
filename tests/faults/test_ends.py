"""Files that processes leave in the store after SIGTERM."""

import os
import subprocess
import sys

import psutil
import pytest

from .flows import GRAPHS
from .place import Place, Server, is_gone, until


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sigterm_leaves_no_sockets_and_no_write_ahead_log(place: Place) -> None:
    """The last of server, dispatcher and command removes the write-ahead log and its index."""
    place.yard.close()
    with Server(place) as server:
        body = {"path": place.flow(GRAPHS["chain"])}
        status, run = server.ask("POST", "/runs", body, key="once")
        assert status == 201, run
        place.acknowledged["once"] = run["id"]
        until(place.all_ended, "the end of the run")
        dispatcher = psutil.Process(until(place.holder, "its lease"))
        dispatcher.terminate()
        until(lambda: is_gone(dispatcher), "the dispatcher's end")
    command = [sys.executable, "-m", "nbyard.cli.main", "runs", "ls"]
    subprocess.run(command, env=place.environment(), check=True, stdout=subprocess.DEVNULL)
    assert os.listdir(place.store / "wake") == []
    assert [path.name for path in place.store.glob("store.sqlite*")] == ["store.sqlite"]
