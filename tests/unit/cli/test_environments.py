"""L1, L2: environments from a shell."""

import pytest

from nbyard.testing.dispatching import Dispatching
from nbyard.testing.wheels import Wheels


@pytest.fixture(autouse=True)
def cows(tmp_path, monkeypatch: pytest.MonkeyPatch, wheels: Wheels) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NBYARD_INSTALLER", "pip")
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0")
    wheels.add("ant", "1.0")


def test_one_is_made_changed_and_removed(shell, dispatcher: Dispatching):
    said = shell("environment", "create", "cows", "cow<2")
    assert said.code == 0, said.err
    assert "Successfully installed cow-1.0" in said.err and "kernel nbyard-cows" in said.err
    assert said.out == "+ cow 1.0\n+ ipykernel 6.30.0\n"
    assert (
        shell("environments", "install", "cows", "cow==2.0", "--preview").out == "~ cow 1.0 → 2.0\n"
    )
    assert shell("environments", "install", "cows", "ant").out == "+ ant 1.0\n"
    assert shell("environments", "uninstall", "cows", "ANT").out == "- ant 1.0\n"
    assert "cows  installed  3" in shell("environments", "ls").out
    assert "cow==1.0 --hash=sha256:" in shell("environments", "lock", "cows", "--version", "1").out
    assert "Successfully installed" in shell("environments", "log", "cows").err
    assert shell("environments", "rm", "cows").code == 0
    assert shell("environments", "show", "cows").code == 3


def test_a_failure_is_told_and_has_its_exit_code(shell, dispatcher: Dispatching, yard):
    assert shell("environments", "create", "cows", "cow").code == 0
    said = shell("environments", "install", "cows", "none")
    assert said.code == 1 and "cows version 2 failed: " in said.err
    assert shell("environments", "show", "cows").json["installed"] == 1
    assert "cow==2.0" in shell("environments", "lock", "cows").out
    assert shell("environments", "lock", "cows", "--version", "2").code == 2


def test_requirements_come_from_files_too(shell, dispatcher: Dispatching, yard):
    (yard.parts.files.root / "needs.txt").write_text("cow==1.0\nant\n")
    made = shell("environments", "create", "cows", "-r", "needs.txt", "--json")
    assert made.json["current"]["requirements"] == ["cow==1.0", "ant"]
    made = shell("environments", "install", "cows", "cow==2.0", "--replace", "--json")
    assert made.json["current"]["requirements"] == ["cow==2.0"]
    assert shell("environments", "create", "more", "-r", "none.txt").code == 2
    (yard.parts.files.root / "needs.txt").write_bytes("cow".encode("utf-16"))
    said = shell("environments", "create", "more", "-r", "needs.txt")
    assert said.code == 2 and "UTF-8" in said.err
    said = shell("environments", "create", "more", "--", "--index-url=http://h.test")
    assert said.code == 2 and "--index-url is not allowed" in said.err
