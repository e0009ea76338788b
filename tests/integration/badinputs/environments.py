"""Bad requirements, and variables that no program may receive."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from tests.support.wheels import Wheels

from nbyard.testing.dispatcher_thread import Dispatching

from .ground import Ground, Seen, seen, words_of

ENDED = ("ready", "failed")


def install(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Create an environment from these lines.

    Lines that conflict, and a kill, fail the installation and keep the earlier version."""
    if isinstance(what, bytes):
        path = ground.root / ground.file("requirements.txt", what)
        code, _, error = ground.cli("environments", "create", "utf16", "-r", str(path))
        assert code == 2, error
        return Seen(422, error)
    if isinstance(what, dict):
        return _spoiled(ground, what["req"], kill=True)
    if entry["expect"] == "RUN_FAILED_CLEAR":
        return _spoiled(ground, what, kill=False)
    answer = ground.send("POST", "/environments", {"name": entry["id"], "requirements": what})
    if answer.status < 400:
        ground.send("DELETE", f"/environments/{entry['id']}")
        return Seen(answer.status, f"{len(answer.json['current']['requirements'])} lines")
    assert any(one["path"].startswith("requirements") for one in answer.json["details"])
    return seen(answer)


def _spoiled(ground: Ground, lines: str, kill: bool) -> Seen:
    """Create a second version that fails; the first one stays in use."""
    name = "spoiled" if kill else "conflicting"
    with _packages(ground), ground.dispatching() as running:
        ground.send("POST", "/environments", {"name": name, "requirements": "pandas==1.0"})
        before = _ended(ground, running, name)
        assert before["installed"] == 1, before
        begun = ground.send("POST", f"/environments/{name}/versions", {"add": lines})
        assert begun.status == 201, begun.content
        if kill:
            _kill_installer()
        found = _ended(ground, running, name)
    assert (found["current"]["state"], found["installed"]) == ("failed", 1)
    assert os.access(f"{before['current']['place']}/bin/python", os.X_OK)
    assert ground.send("DELETE", f"/environments/{name}").status == 204
    return Seen(201, words_of(found["current"]))


def _ended(ground: Ground, running: Dispatching, name: str) -> Any:
    return running.until(
        lambda: ground.get(f"/environments/{name}"), lambda e: e["current"]["state"] in ENDED
    )


def _kill_installer() -> None:
    """Kill the installer as soon as it runs."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for child in psutil.Process().children(recursive=True):
            try:
                if "pip" in child.cmdline()[1:3]:
                    child.send_signal(signal.SIGKILL)
                    return
            except psutil.NoSuchProcess:
                continue
    raise TimeoutError("nothing was installed")


@contextmanager
def _packages(ground: Ground) -> Iterator[None]:
    """Provide wheels of pandas 1.0 and 2.0 without content.

    The installer is pip, which is slow enough to kill."""
    with pytest.MonkeyPatch.context() as patch:
        folder = ground.root.parent / f"wheels-{time.monotonic_ns()}"
        wheels = Wheels(folder, patch)
        wheels.add("pandas", "1.0")
        wheels.add("pandas", "2.0")
        patch.setattr(ground.settings, "installer", "pip")
        patch.setenv("JUPYTER_DATA_DIR", str(ground.root.parent / "data"))
        yield


def submit_variables(ground: Ground, given: dict[str, str], entry: dict[str, Any]) -> Seen:
    """Submit an argument that would reach the program as a variable."""
    ((name, value),) = given.items()
    argument = {"name": "x", "reach": {"kind": "variable", "variable": name}}
    path = ground.tool([argument], "pass")
    answer = ground.send("POST", "/runs", {"path": path, "parameters": {"x": value}})
    assert name in answer.json.get("message", ""), answer.content
    return seen(answer)
