"""`nbyard service` from a shell, with a systemctl that writes down how it is called."""

from pathlib import Path

import pytest

from nbyard.host import user_unit
from nbyard.host.user_unit import SESSION

FAKE = """#!/bin/sh
echo "$*" >> {calls}
unit={folder}/nbyard.service; wants={folder}/default.target.wants
case "$*" in
*ActiveState*) echo active ;;
*" enable "*) /bin/mkdir -p $wants; /bin/ln -sf $unit $wants/nbyard.service ;;
*" disable "*) /bin/rm -f $wants/nbyard.service ;;
esac
"""


class Machine:
    """A machine whose systemd writes down its calls."""

    def __init__(self, folder: Path):
        self.unit = folder / "config/systemd/user/nbyard.service"
        self.program = folder / "bin/systemctl"
        self._calls = folder / "calls"
        self.program.parent.mkdir()
        self.program.write_text(FAKE.format(calls=self._calls, folder=self.unit.parent))
        self.program.chmod(0o755)

    def calls(self) -> list[str]:
        """Return what was asked of systemd since the last look, without its `show`."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        words = [line.removeprefix("--user ") for line in lines]
        return [line for line in words if not line.startswith("show ")]


@pytest.fixture
def machine(shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(user_unit, "LINGER", tmp_path / "linger")
    for name in SESSION:
        monkeypatch.delenv(name, raising=False)
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(made.program.parent))
    return made


def test_a_unit_is_installed_twice_and_removed(shell, machine, yard):
    assert "not installed" in shell("service", "status").out
    done = shell("service", "install")
    assert (done.code, done.out) == (0, f"{machine.unit}: written, enabled\n")
    assert "loginctl enable-linger" in done.err
    assert machine.calls() == ["daemon-reload", "enable nbyard.service", "restart nbyard.service"]
    again = shell("service", "install")
    assert again.out == f"{machine.unit}: unchanged, enabled\n"
    assert machine.calls() == ["daemon-reload", "enable nbyard.service", "start nbyard.service"]
    shown = shell("service", "status", "--json").json
    assert shown["state"] == "installed" and shown["store"] == str(yard.store.folder)
    assert shown["is_enabled"] and shown["active"] == "active"
    gone = shell("service", "remove")
    assert (gone.code, gone.out) == (0, f"{machine.unit}: deleted\n")
    assert machine.calls() == ["disable --now nbyard.service", "daemon-reload"]
    assert not machine.unit.exists()
    assert shell("service", "remove").out == f"{machine.unit}: not installed\n"


def test_the_status_shows_when_the_unit_starts(shell, machine, tmp_path):
    shell("service", "install")
    assert "starts    when you sign in\nsystemd   active\n" in shell("service", "status").out
    (tmp_path / "linger").mkdir()
    (tmp_path / "linger" / user_unit.user_name()).touch()
    assert "starts    at boot\n" in shell("service", "status").out
    assert shell("service", "install").err == ""
    (machine.unit.parent / "default.target.wants/nbyard.service").unlink()
    machine.program.unlink()
    told = shell("service", "status").out
    assert "starts    never: it is disabled\nsystemd   does not respond\n" in told


@pytest.mark.parametrize("verb", ["install", "remove"])
def test_an_edited_unit_is_kept_unless_forced(shell, machine, verb):
    shell("service", "install")
    machine.calls()
    edited = machine.unit.read_text() + "Nice=5\n"
    machine.unit.write_text(edited)
    refused = shell("service", verb)
    assert refused.code == 1 and "was edited by hand" in refused.err and "--force" in refused.err
    assert machine.unit.read_text() == edited and machine.calls() == []
    assert "edited by hand" in shell("service", "status").out
    assert shell("service", verb, "--force").code == 0
    assert not machine.unit.exists() or "Nice" not in machine.unit.read_text()


def test_a_machine_without_systemd_is_refused(shell, machine):
    machine.program.unlink()
    refused = shell("service", "install")
    assert refused.code == 5 and not machine.unit.exists()
    assert "no systemctl" in refused.err


def test_the_unit_is_deleted_also_without_systemd(shell, machine):
    shell("service", "install")
    machine.program.unlink()
    assert shell("service", "remove").code == 0
    assert not machine.unit.exists()


def test_a_password_needs_a_file_of_its_own(shell, machine, tmp_path, monkeypatch):
    """The password is neither in the unit nor in a message, and nothing is written."""
    monkeypatch.setenv("NBYARD_DATABASE_URL", "postgresql://ann:s3cret@db/nbyard")
    refused = shell("service", "install")
    assert refused.code == 2 and "NBYARD_DATABASE_URL" in refused.err
    assert "s3cret" not in refused.err and not machine.unit.exists()
    secrets = tmp_path / "secrets"
    secrets.write_text("NBYARD_DATABASE_URL='postgresql://ann:s3cret@db/nbyard'\n")
    open_to_all = shell("service", "install", "--environment-file", str(secrets))
    assert open_to_all.code == 2 and f"chmod 600 {secrets}" in open_to_all.err
    secrets.chmod(0o600)
    assert shell("service", "install", "--environment-file", str(secrets)).code == 0
    text = machine.unit.read_text()
    assert "s3cret" not in text and f"EnvironmentFile={secrets}\n" in text


def test_a_refusal_of_systemd_is_shown(shell, machine):
    machine.program.write_text(
        '#!/bin/sh\ncase "$*" in *enable*) echo "Access denied" >&2; exit 1;; esac\n'
    )
    refused = shell("service", "install")
    assert refused.code == 5
    assert "failed: Access denied" in refused.err
