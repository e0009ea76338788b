"""Dockerfiles as executables, on a real engine."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.forked_shells import StoreShell

from nbyard.dockerd import Engine
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.testing.shells import CommandResult
from nbyard.yard import Yard

from .bench import until

ANN = Caller("ann")
Shell = Callable[..., CommandResult]
TOOL = """\
echo "args: $*"
while [ $# -gt 0 ]; do
  case $1 in
    --n) n=$2; shift ;;
    --data) data=$2; shift ;;
    --output) out=$2; shift ;;
    --on) on=yes ;;
  esac
  shift
done
id -u
test -n "$NBYARD_RUN_ID" || exit 9
[ "$n" = 7 ] && exit 3
[ -n "$out" ] && { echo "$n $on"; cat "$data"; } > "$out"
exit 0
"""


@pytest.fixture
def tool(tmp_path: Path, tiny_image: str) -> Path:
    """Create a folder with a Dockerfile and its files."""
    folder = tmp_path / "root" / "my tool"
    folder.mkdir(parents=True)
    (folder / "tool.sh").write_text(TOOL)
    (folder / "data.csv").write_text("a,b\n1,2\n")
    (folder / "Dockerfile").write_text(
        f'FROM {tiny_image}\nWORKDIR /work\nCOPY tool.sh .\nENTRYPOINT ["sh", "tool.sh"]\n'
    )
    return folder


@pytest.fixture
def shell(tool: Path, docker_settings: dict[str, str], store_shell: StoreShell) -> Shell:
    """Run `nbyard` in the folder above the tool."""
    store_shell.environment = docker_settings
    return partial(store_shell, folder=tool.parent)


def until_removed(engine: Engine, said: CommandResult) -> None:
    """Wait until the dispatcher has removed the image that was built."""
    (name,) = re.findall(r"Successfully tagged (\S+)", said.err)
    until(lambda: not engine.image_id(name))


def test_run_f_builds_runs_saves_and_cleans_up(
    shell: Shell, docker_engine: Engine, tool: Path, tiny_image: str
) -> None:
    """Also with a chosen base image."""
    given = ["--parameters", '{"n": 3, "on": true}', "--input-file", "data=my tool/data.csv"]
    done = shell("run", "-f", "my tool/Dockerfile", *given, "--output-file", "o.txt")
    assert done.code == 0, done.err
    assert (tool.parent / "o.txt").read_text() == "3 yes\na,b\n1,2\n"
    assert "Step 1/" in done.err, "the log of the build"
    assert "args: --n 3 --on" in done.out and " --data /nbyard/attempt" in done.out
    until_removed(docker_engine, done)
    assert shell("runs", "ls", "--json").json["items"] == []
    assert shell("images", "ls", "--json").json["items"] == []
    lines = (tool / "Dockerfile").read_text().partition("\n")[2]
    (tool / "Dockerfile").write_text(f"ARG BASE=nowhere:1\nFROM $BASE\n{lines}")
    based = ["-f", "my tool/Dockerfile", "--base", tiny_image]
    failed = shell("run", *based, "--parameters", '{"n": 7}')
    assert failed.code == 1
    assert "code 3" in failed.err
    assert "args: --n 7" in failed.out, "the log is printed on failure too"
    until_removed(docker_engine, failed)


def test_run_f_refuses_invalid_requests_at_once(shell: Shell, tool: Path) -> None:
    without = shell("run", "-f", "my tool/Dockerfile", "--gpu")
    assert without.code == 1 and "No GPU is available" in without.err
    assert "Step" not in without.err, "nothing is built for that"
    assert shell("run", "-f", "nowhere/Dockerfile").code == 3
    assert shell("run", "-f", "my tool/Dockerfile", "--parameters", "{").code == 2
    (tool / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    broken = shell("run", "-f", "my tool/Dockerfile")
    assert broken.code == 1 and "COPY nothing /" in broken.err


@pytest.mark.long
@pytest.mark.usefixtures("docker_variables")
def test_dockerfile_works_as_a_node(tool: Path, tmp_path: Path) -> None:
    """Its description is beside it.

    It is built once, at its first start; the second run is cached."""
    arguments: list[dict[str, Any]] = [
        {"name": "data", "role": "input"},
        {"name": "n", "type": "int", "default": 1},
        {"name": "output", "role": "output"},
    ]
    (tool / "Dockerfile.nbexec").write_text(json.dumps({"version": 1, "arguments": arguments}))
    settings = Settings(store_dir=str(tmp_path / "store"), inline_dispatch=True)
    body = NewRun(path="my tool/Dockerfile", texts={"data": "my tool/data.csv", "n": "2"})
    with Yard.open(settings, tmp_path / "root") as yard:
        with pytest.raises(Invalid, match="runs in containers"):
            yard.services.runs.create(ANN, NewRun(**{**as_dict(body), "runtime": "process"}))
        for cached in (False, True):
            made = yard.services.runs.create(ANN, body)
            with Dispatching(settings) as dispatcher:
                detail = dispatcher.until(
                    partial(yard.services.runs.get, ANN, made.id),
                    lambda d: d.run.state in ("succeeded", "failed"),
                )
            (task,) = detail.tasks
            assert task.state == "succeeded", task.failure
            assert task.cached == cached
        (artifact,) = task.artifacts
        with yard.context.blobs.open(artifact.digest) as handle:
            assert handle.read() == b"2 \na,b\n1,2\n"


def as_dict(body: NewRun) -> dict[str, Any]:
    return {name: getattr(body, name) for name in body.__struct_fields__}
