"""All images of a workflow are built before its first run, on a real engine."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write requirements that no image was built for, because the engine outlives the tests."""
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "tool.py").write_text("print(1)\n")
    (folder / "needs.txt").write_text(f"wcwidth!=0.0.{uuid.uuid4().int}\n")
    (folder / "gone.txt").write_text("nbyard-has-no-such-package\n")
    return folder


@pytest.fixture
def shell(root: Path, docker_settings: dict[str, str]) -> Shell:
    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, **docker_settings, "NBYARD_STORE_DIR": f"{root}/../store"}
        command = [sys.executable, "-m", "nbyard.cli.main", *words]
        return subprocess.run(
            command, cwd=root, env=variables | more, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

    return run


def flow(root: Path, **requirements: str) -> str:
    nodes = {
        name: {"type": "executable", "path": "tool.py", "runtime": "docker", "requirements": file}
        for name, file in requirements.items()
    }
    (root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": {}}))
    return "flow.nbflow"


def test_image_that_several_nodes_need_is_built_once(shell, root, docker_engine):
    flow(root, one="needs.txt", two="needs.txt", plain="")
    done = shell("workflows", "build", "flow.nbflow")
    assert done.returncode == 0, done.stderr
    built, plain = sorted(done.stdout.splitlines(), key=lambda line: "plain" in line)
    tag, nodes = built.split("  ")
    assert nodes == "one, two" and docker_engine.image_id(tag)
    assert plain.endswith("  plain")
    assert "Building" in done.stderr and "wcwidth" in done.stderr
    again = shell("workflows", "build", "flow.nbflow")
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert "Building" not in again.stderr


@pytest.mark.long
@pytest.mark.leaves_running
def test_first_run_uses_the_prebuilt_image_of_a_dockerfile(shell, root, tiny_image):
    (root / "own").mkdir()
    (root / "own/say.sh").write_text(f"echo said $2 # {uuid.uuid4()}\n")
    (root / "own/Dockerfile").write_text(
        f'FROM {tiny_image}\nCOPY say.sh /\nENTRYPOINT ["sh", "/say.sh"]\n'
    )
    arguments = [{"name": "word", "default": "this"}]
    (root / "own/Dockerfile.nbexec").write_text(json.dumps({"version": 1, "arguments": arguments}))
    node = {"type": "executable", "path": "own/Dockerfile"}
    document = {"version": 1, "nodes": {"one": node, "two": node}, "edges": {}}
    (root / "flow.nbflow").write_text(json.dumps(document))
    done = shell("workflows", "build", "flow.nbflow")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nbyard/code:") and done.stdout.endswith("  one, two\n")
    assert "Building nbyard/code:" in done.stderr
    ran = shell("run", "flow.nbflow", NBYARD_IDLE_SECONDS="1")
    assert ran.returncode == 0, ran.stderr
    number = json.loads(shell("runs", "ls", "--json").stdout)["items"][0]["id"]
    log = shell("runs", "log", number, "one").stdout
    assert "said this" in log and "Building" not in log
    assert "Building" not in ran.stdout + ran.stderr


@pytest.mark.long
def test_failed_image_is_reported_and_the_others_are_built(shell, root):
    flow(root, bad="gone.txt", good="needs.txt")
    done = shell("workflows", "build", "flow.nbflow")
    assert done.returncode == 1
    assert "\nbad: " in done.stderr
    assert "nbyard-has-no-such-package" in done.stderr
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == ["good"]


@pytest.mark.long
def test_command_reports_nothing_to_build_and_a_missing_engine(shell, root):
    flow(root)
    done = shell("workflows", "build", "flow.nbflow")
    assert (done.returncode, done.stdout) == (0, "") and "Nothing to build" in done.stderr
    flow(root, one="needs.txt")
    done = shell("workflows", "build", "flow.nbflow", NBYARD_DOCKER_HOST="tcp://127.0.0.1:1")
    assert done.returncode == 5 and "127.0.0.1:1" in done.stderr
    assert shell("workflows", "build", "none.nbflow").returncode == 3
