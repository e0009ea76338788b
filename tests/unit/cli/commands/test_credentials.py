"""Credentials from a shell; what is secret is never a word of the command line."""

import pytest
from tests.support.leaked_secrets import CANARY

from nbyard.domain.callers import Caller
from nbyard.rest.identity import local_name


@pytest.fixture
def kept(yard):
    """What is secret in a credential of that name."""

    def read(name: str) -> dict[str, str]:
        with yard.store.read() as c:
            rows = yard.store.credentials
            return rows.fields(c, rows.get(c, local_name(), name))

    return read


def test_a_secret_is_read_from_standard_input(shell, kept):
    made = shell("credentials", "add", "api", "--json", typed=f"{CANARY}\n")
    assert made.code == 0 and CANARY not in made.out + made.err
    assert kept("api") == {"secret": CANARY}
    assert "api" in shell("credential", "ls").out
    assert CANARY not in shell("credentials", "show", "api").out


def test_a_secret_is_asked_for_without_echo(shell, kept, monkeypatch):
    monkeypatch.setattr("nbyard.cli.commands.credentials.is_terminal", lambda: True)
    said = shell("credentials", "add", "api", typed=f"{CANARY}\n")
    assert said.code == 0 and kept("api")["secret"] == CANARY
    assert "Secret:" in said.out + said.err and CANARY not in said.out + said.err


def test_a_file_gives_secret_and_other_fields(shell, kept, tmp_path):
    (tmp_path / "key").write_text(f"{CANARY}\n")
    words = ["--kind", "s3", "--field", "access_key_id=ann", "--file", f"{tmp_path}/key"]
    assert shell("credentials", "add", "minio", *words).code == 0
    assert kept("minio") == {"access_key_id": "ann", "secret_access_key": CANARY}
    said = shell("credentials", "replace", "minio", "--field", "region=eu")
    assert said.code == 0 and kept("minio")["region"] == "eu"
    assert shell("credentials", "replace", "minio", typed="new").code == 0
    assert kept("minio")["secret_access_key"] == "new"
    named = f"session_token={tmp_path}/key"
    assert shell("credentials", "replace", "minio", "--file", named).code == 0
    assert kept("minio")["session_token"] == CANARY
    for path in (tmp_path / "a=b", tmp_path / "c=d"):
        path.write_text(path.name)
    named = f"session_token={tmp_path}/a=b"
    assert shell("credentials", "replace", "minio", "--file", named).code == 0
    assert shell("credentials", "replace", "minio", "--file", f"{tmp_path}/c=d").code == 0
    assert [kept("minio")[name] for name in ("session_token", "secret_access_key")] == [
        "a=b",
        "c=d",
    ]


def test_secret_fields_are_refused_on_the_command_line(shell, yard, tmp_path):
    said = shell("credentials", "add", "api", "--field", f"secret={CANARY}")
    assert said.code == 2 and "command lines are visible" in said.err
    assert CANARY not in said.err
    missing = shell("credentials", "add", "api", "--file", f"{tmp_path}/none")
    assert missing.code == 2 and "cannot be read" in missing.err
    assert yard.services.credentials.list(Caller(local_name())).items == []


def test_a_credential_is_deleted(shell):
    shell("credentials", "add", "api", typed=CANARY)
    assert shell("credentials", "rm", "api").code == 0
    assert shell("credentials", "show", "api").code == 3
    assert '"count": 0' in shell("credentials", "reseal", "--json").out
