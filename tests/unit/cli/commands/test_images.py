"""Images from a shell without an engine. With one: tests/integration/docker."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import NewEnvironment
from nbyard.domain.images.structs import MARKER
from nbyard.rest.identity import local_name
from nbyard.testing.dispatcher_thread import Dispatching


@pytest.fixture(autouse=True)
def no_engine(yard, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"


@pytest.fixture
def cows(yard) -> None:
    """A library that is installed, as far as rows tell."""
    owner = local_name()
    made = yard.services.environments.create(Caller(owner), NewEnvironment("cows", "cow"))
    with yard.store.write() as c:
        move = yard.store.environments.move
        move(c, owner, made.current.id, "building", place="x")
        move(c, owner, made.current.id, "ready", packages=[])


def test_a_dockerfile_is_shown_and_its_own_lines_are_read(shell, cows, yard):
    shown = shell("images", "dockerfile", "cows", "--base", "own:1", "--system-package", "git")
    assert "ARG BASE=own:1\n" in shown.out and "        git \\\n" in shown.out
    assert shown.out.endswith(f"{MARKER}\n")
    (yard.context.files.root / "mine").write_text(shown.out + "RUN moo\n")
    words = ["--dockerfile", "mine", "--label", "a=b", "--uid", "7", "--for-scripts"]
    made = shell("image", "build", "cows", *words, "--json").json
    recipe = made["recipe"]
    assert (recipe["own"], recipe["labels"]) == ("RUN moo\n", {"a": "b"})
    assert (recipe["uid"], recipe["for_notebooks"], recipe["base"]) == (7, False, "")
    again = shell("images", "dockerfile", "cows", "--uid", "8").out
    assert "USER 8:65534" in again and again.endswith("RUN moo\n"), "the rest is as it was"


def test_a_change_above_the_marker_is_refused_with_its_line(shell, cows, yard):
    """The change would be lost silently."""
    shown = shell("images", "dockerfile", "cows").out
    edited = shown.replace("USER 0:0\n", "USER 0:0\nRUN moo\n") + "RUN boo\n"
    (yard.context.files.root / "mine").write_text(edited)
    said = shell("images", "build", "cows", "--dockerfile", "mine")
    line = edited.splitlines().index("RUN moo") + 1
    assert said.code == 2 and f"Line {line} was changed" in said.err, said.err
    assert "'RUN moo'" in said.err and "below the marker" in said.err
    (yard.context.files.root / "mine").write_text("RUN moo\n")
    said = shell("images", "build", "cows", "--dockerfile", "mine")
    assert said.code == 2 and "'# --- Below" in said.err
    assert shell("images", "ls", "--json").json["items"] == []


def test_a_new_dockerfile_drops_earlier_choices(shell, cows, dispatcher: Dispatching):
    said = shell("images", "build", "cows", "--uid", "7", "--label", "a=b", "--wait")
    assert said.code == 1 and "unless you pass --anew" in said.err
    assert "USER 7:" in shell("images", "dockerfile", "cows").out
    shown = shell("images", "dockerfile", "cows", "--anew", "--gid", "8").out
    assert "USER 65534:8" in shown and "a=" not in shown
    said = shell("images", "build", "cows", "--anew", "--wait")
    assert said.code == 1 and "--anew" not in said.err
    assert "USER 65534:65534" in shell("images", "dockerfile", "cows").out


def test_a_failed_build_is_reported_with_its_exit_code(shell, cows, dispatcher: Dispatching):
    said = shell("images", "build", "cows", "--log")
    assert said.code == 1 and "nbyard/cows:1 failed: " in said.err
    assert "failed" in shell("images", "ls").out
    assert "Docker cannot be reached" in shell("images", "show", "nbyard/cows:1").out
    assert "Docker cannot be reached" in shell("images", "log", "nbyard/cows:1").err
    pulled = shell("images", "pull", "h.test/cows", "--wait", "--json")
    assert pulled.code == 1 and pulled.json["state"] == "failed"
    assert shell("images", "push", "nbyard/cows:1", "h.test/").code == 1
    assert shell("images", "rm", "nbyard/cows:1").code == 0
    assert shell("images", "show", "nbyard/cows:1").code == 3


def test_contradicting_options_are_refused(shell, cows, yard):
    (yard.context.files.root / "Dockerfile").write_text("FROM scratch\n")
    for words, told in (
        (["Dockerfile", "--uid", "7"], "--uid works only with environments"),
        (["Dockerfile", "--anew"], "--anew works only with environments"),
        (
            ["Dockerfile", "--system-package", "git"],
            "--system-package works only with environments",
        ),
        (["Dockerfile", "--base", "debian:12"], "add ARG BASE before its first FROM"),
        (["cows", "--label", "a"], "write NAME=VALUE"),
        (["cows", "--uid", "0"], "images do not run as root"),
        (["cows", "--dockerfile", "nowhere"], "cannot be read"),
        (["cows", "--tag", "UPPER"], "is not a valid image name"),
    ):
        said = shell("images", "build", *words)
        assert said.code == 2 and told in said.err, said.err
    said = shell("images", "build", "Dockerfile")
    assert said.code == 0 and "nbyard images log" in said.err


def test_a_run_needs_one_target_or_a_dockerfile(shell, yard):
    assert shell("run").code == 2
    assert shell("run", "a.py", "b.py").code == 2
    assert "only with -f" in shell("run", "a.py", "--base", "debian:12").err
    said = shell("run", "-f", "nowhere/Dockerfile")
    assert said.code == 3 and "no file nowhere/Dockerfile" in said.err
