"""Environments from a shell."""

import pytest
from tests.support.wheels import Wheels

from nbyard.testing.dispatcher_thread import Dispatching


@pytest.fixture(autouse=True)
def cows(tmp_path, monkeypatch: pytest.MonkeyPatch, wheels: Wheels) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NBYARD_INSTALLER", "pip")
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0")
    wheels.add("ant", "1.0")


def test_environment_is_created_changed_and_deleted(shell, dispatcher: Dispatching):
    said = shell("environment", "create", "cows", "cow<2")
    assert said.code == 0, said.err
    assert said.err.count("Successfully installed") == 1 and "kernel nbyard-cows" in said.err
    told = said.err.splitlines()
    assert len(told) == len(set(told)) and sum("/cow-1.0-py3" in line for line in told) == 1
    assert said.out == ""  # all that it has was told while it was installed
    assert (
        shell("environments", "install", "cows", "cow==2.0", "--preview").out == "~ cow 1.0 → 2.0\n"
    )
    assert shell("environments", "install", "cows", "ant").out == "+ ant 1.0\n"
    assert shell("environments", "uninstall", "cows", "ANT").out == "- ant 1.0\n"
    assert "cows  installed  3" in shell("environments", "ls").out
    assert shell("environments", "kernel", "cows").out == "nbyard-cows\n"
    assert "cow==1.0 --hash=sha256:" in shell("environments", "lock", "cows", "--version", "1").out
    assert "Successfully installed" in shell("environments", "log", "cows").err
    assert shell("environments", "rm", "cows").code == 0
    said = shell("environments", "show", "cows")
    assert said.code == 3 and "no environment" in said.err


@pytest.mark.long
def test_failed_change_is_reported_with_its_exit_code(shell, dispatcher: Dispatching, yard):
    assert shell("environments", "create", "cows", "cow").code == 0
    said = shell("environments", "install", "cows", "none")
    assert said.code == 1 and "cows version 2 failed: " in said.err
    assert "Version 1 stays" in said.err
    assert shell("environments", "show", "cows", "--json").json["installed"] == 1
    assert "cow==2.0" in shell("environments", "lock", "cows").out
    assert shell("environments", "lock", "cows", "--version", "2").code == 2


@pytest.mark.long
def test_failed_first_install_is_repaired_or_deleted_by_one_command(shell, dispatcher: Dispatching):
    said = shell("environments", "create", "cows", "none")
    step = "To try other packages: nbyard environments create cows PACKAGE…"
    assert said.code == 1 and "cows version 1 failed: " in said.err and step in said.err
    for shown in (shell("environments", "ls"), shell("environments", "show", "cows")):
        assert "failed" in shown.out and step in shown.out
        assert "requirement none cannot" in shown.out
    said = shell("environments", "create", "cows", "cow==1.0")
    assert (said.code, said.out) == (0, "")
    assert shell("environments", "show", "cows", "--json").json["installed"] == 2
    taken = shell("environments", "create", "cows", "ant")
    assert taken.code == 1 and "install cows … --replace" in taken.err
    assert step not in shell("environments", "ls").out
    assert shell("environments", "create", "ants", "none").code == 1
    assert shell("environments", "rm", "ants").code == 0


def test_kernel_is_captured_as_an_environment(shell):
    """The command reports what was captured and what was not."""
    said = shell("environments", "create", "same", "--capture", "python3", "--detach")
    assert said.code == 0, said.err
    told = shell("environments", "show", "same", "--json").json["description"]
    assert told.startswith("Captured from") and f"{told}." in said.err


@pytest.mark.long
def test_text_output_has_tables_and_fields(shell, dispatcher: Dispatching):
    shell("environments", "create", "cows", "cow==1.0")
    shell("environments", "install", "cows", "cow==2.0")
    shown = shell("environments", "show", "cows").out.splitlines()
    assert [line.split()[0] for line in shown[:3]] == ["name", "state", "kernel"]
    head, newest, first = shell("environments", "versions", "cows").out.splitlines()
    assert head.split()[:3] == ["version", "state", "packages"]
    assert newest.split()[:3] == ["2", "installed", "2"] and first.startswith("1 ")
    assert shell("environments", "diff", "cows").out == "~ cow 1.0 → 2.0\n"
    same = shell("environments", "diff", "cows", "--old", "1", "--new", "1")
    assert same.out == "" and same.err == "No package changes.\n"
    found = shell("environments", "versions", "cows", "--json").json["items"]
    assert [one["number"] for one in found] == [2, 1]


@pytest.mark.long
def test_requirements_can_come_from_files(shell, dispatcher: Dispatching, yard):
    (yard.context.files.root / "needs.txt").write_text("cow==1.0\nant\n")
    made = shell("environments", "create", "cows", "-r", "needs.txt", "--json")
    assert made.json["current"]["requirements"] == ["cow==1.0", "ant"]
    made = shell("environments", "install", "cows", "cow==2.0", "--replace", "--json")
    assert made.json["current"]["requirements"] == ["cow==2.0"]
    assert shell("environments", "create", "more", "-r", "none.txt").code == 2
    (yard.context.files.root / "needs.txt").write_bytes("cow".encode("utf-16"))
    said = shell("environments", "create", "more", "-r", "needs.txt")
    assert said.code == 2 and "UTF-8" in said.err
    said = shell("environments", "create", "more", "--", "--index-url=http://h.test")
    assert said.code == 2 and "--index-url is not allowed" in said.err
