"""From an order to a container."""

import os
import subprocess
from pathlib import Path

import pytest

from nbyard.dockerd import ATTEMPT, RUN, EngineImage, EngineInfo, OwnedObject
from nbyard.domain.attempts.structs import CommandWork, NotebookWork, TaskFile
from nbyard.runtimes.docker import attempt_container_spec
from nbyard.runtimes.docker.attempt_container_spec import container_spec, expand_word, is_owned
from nbyard.runtimes.protocol import Order

INFO = EngineInfo(2**30, 2, 0.0, frozenset(), False, False)
NOTEBOOK = NotebookWork("code/n.ipynb", "python3", "python", {})


def spec_of(folder: Path, work, staging="bind", **more):
    order = Order("a1", "s", "r", "n", folder, "m")
    return container_spec(order, TaskFile("a1", "t", "m", work, {}, **more), INFO, "image", staging)


def test_a_command_sees_three_folders_its_task_and_our_names_in_its_environment(tmp_path):
    work = CommandWork(
        ["tool", "--in={attempt}/inputs/x", "{attempt} not"], {"A": "{attempt}/code"}
    )
    spec = spec_of(tmp_path, work, environment={"NBYARD_RUN_ID": "r", "A": "old"})
    assert spec.argv == ["tool", "--in=/nbyard/attempt/inputs/x", "{attempt} not"]
    assert [(m.target, m.read_only) for m in spec.mounts] == [
        ("/nbyard/attempt/code", False),
        ("/nbyard/attempt/outputs", False),
        ("/nbyard/attempt/metrics.jsonl", False),
        ("/nbyard/attempt/inputs", True),
        ("/nbyard/attempt/task.json", True),
        ("/nbyard/attempt/.runner", True),
    ]
    assert spec.environment["A"] == "/nbyard/attempt/code"
    assert spec.environment["NBYARD_RUN_ID"] == "r" and spec.environment["NBYARD_MARK"] == "m"
    assert spec.environment["NVIDIA_VISIBLE_DEVICES"] == "void"
    assert spec.directory == "/nbyard/attempt/code" and spec.name == "nby-a1"


def test_the_handoff_functions_follow_packages_of_the_image(tmp_path):
    task = TaskFile("a", "t", "m", CommandWork(["tool"]), {})
    image = EngineImage(
        "i", 1, {}, [], [], [], [], 0.0, {attempt_container_spec.PYTHON_PATH: "/opt/own"}
    )
    order = Order("a", "s", "r", "n", tmp_path, "m")
    for found, path in ((image, "/opt/own:"), (None, "")):
        told = attempt_container_spec.with_image(task, found)
        variables = container_spec(order, told, INFO, "image", "bind").environment
        assert variables["PYTHONPATH"] == f"{path}/nbyard/attempt/.runner/pythonpath_shim"


def test_a_notebook_gets_the_runner_and_the_whole_folder(tmp_path):
    spec = spec_of(tmp_path, NOTEBOOK)
    assert spec.argv[0] == "python3" and spec.argv[-2:] == ["--alone", "/nbyard/attempt"]
    assert [m.target for m in spec.mounts] == ["/nbyard/attempt", "/nbyard/attempt/inputs"]


def test_an_unseen_folder_becomes_a_volume(tmp_path):
    (mount,) = spec_of(tmp_path, NOTEBOOK, "volume").mounts
    assert (mount.kind, mount.source, mount.target) == ("volume", "nby-a1", "/nbyard")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("{attempt}/x", "/nbyard/attempt/x"),
        ("-o={attempt}/x", "-o=/nbyard/attempt/x"),
        ("{attempt}x", "{attempt}x"),
        ("a{attempt}/x", "a{attempt}/x"),
    ],
)
def test_paths_are_rendered(word, expected):
    assert expand_word(word) == expected


@pytest.mark.parametrize(
    ("kind", "name", "labels", "expected"),
    [
        ("container", "nby-a1", {ATTEMPT: "a1"}, True),
        ("container", "nby-a1-probe", {ATTEMPT: "a1"}, True),
        ("container", "nby-a1-list", {ATTEMPT: "a1"}, True),
        ("container", "nby-a1-gpus", {ATTEMPT: "a1"}, True),
        ("volume", "nby-a1", {ATTEMPT: "a1"}, True),
        ("network", "nby-r", {RUN: "r"}, True),
        ("container", "precious", {ATTEMPT: "a1"}, False),
        ("container", "nby-a2", {ATTEMPT: "a1"}, False),
        ("container", "nby-a1", {}, False),
        ("network", "nby-a1", {ATTEMPT: "a1"}, False),
    ],
)
def test_a_label_alone_proves_no_ownership(kind, name, labels, expected):
    """Forged labels (4.4)."""
    assert is_owned(OwnedObject(kind, name, labels, 0.0)) is expected


def test_containers_never_run_as_root(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert attempt_container_spec.container_user(INFO) == (65534, 65534)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 100)
    assert attempt_container_spec.container_user(INFO) == (1000, 100)
    rootless = EngineInfo(1, 1, 0.0, frozenset(), True, False)
    assert attempt_container_spec.container_user(rootless) == (0, 0)


def test_a_shell_fills_variables_or_fails(tmp_path):
    """The command does not start without them."""
    tell = ["sh", "-c", 'printf "<%s>" "$TOKEN" "$LOGIN"; pwd', "sh"]
    work = CommandWork(tell, secrets={"TOKEN": "secrets/token", "LOGIN": "secrets/login"})
    argv = [
        str(tmp_path) if w == attempt_container_spec.FOLDER else w
        for w in spec_of(tmp_path, work).argv
    ]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/token").write_text("a b\n$c")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "") and "secrets/login" in done.stderr
    (tmp_path / "secrets/login").write_text("{}")
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == f"<a b\n$c><{{}}>{os.getcwd()}\n"


def test_a_warm_container_is_as_hardened_as_a_fresh_one_and_knows_no_attempt(tmp_path):
    work = CommandWork(["tool"], {"A": "secret"}, stdin="inputs/x", stdout="outputs/y")
    order = Order("no-guest", "s", "r", "n", tmp_path, "m", memory_bytes=2**28, cpu=0.5, gpus=["1"])
    task = TaskFile("no-guest", "t", "m", work, {}, environment={"NBYARD_RUN_ID": "r"})
    spec = attempt_container_spec.warm_spec(order, task, INFO, "image", tmp_path)
    fresh = container_spec(order, task, INFO, "image", "bind")
    for name in ("image", "user", "memory_bytes", "cpu", "gpus"):
        assert getattr(spec, name) == getattr(fresh, name)
    assert "no-guest" not in repr(spec) and "secret" not in repr(spec)
    assert [(m.target, m.read_only) for m in spec.mounts] == [
        ("/nbyard/attempt", False),
        ("/nbyard/attempt/inputs", True),
        ("/nbyard/runner", True),
    ]
    (mount,) = attempt_container_spec.warm_spec(order, task, INFO, "image", None).mounts
    assert (mount.kind, mount.target) == ("volume", "/nbyard")
    assert is_owned(OwnedObject("container", spec.name, spec.labels, 0.0))
    assert not is_owned(OwnedObject("container", spec.name, spec.labels | {RUN: "other"}, 0.0))


def test_podman_is_not_trusted_with_standard_streams(tmp_path):
    """A shell opens the files; no word of ours is a part of its script."""
    podman = EngineInfo(1, 1, 0.0, frozenset(), False, False, is_podman=True)
    work = CommandWork(["sort", "$(x)"], stdin="inputs/i/a b", stdout="outputs/o/c")
    task = TaskFile("a", "t", "m", work, {})
    order = Order("a", "s", "r", "n", tmp_path, "m")
    here, there = (container_spec(order, task, info, "i", "volume") for info in (INFO, podman))
    assert (here.argv, here.takes_stdin) == (["sort", "$(x)"], True)
    script = 'i=$1 o=$2 e=$3; shift 3; exec "$@" <"$i" >"$o"'
    places = ("inputs/i/a b", "outputs/o/c", "")
    files = [f"/nbyard/attempt/{place}" for place in places]
    assert there.argv == ["sh", "-c", script, "sh", *files, "sort", "$(x)"]
    assert not there.takes_stdin and there.labels["nbyard.streams"] == "files"
