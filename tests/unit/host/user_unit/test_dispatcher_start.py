"""What the dispatcher needs at boot, and which values no unit may contain."""

from pathlib import Path

import pytest

from nbyard.errors import Invalid
from nbyard.host.user_unit import SESSION, DispatcherStart, names_in
from nbyard.settings import Settings

URL = "postgresql://ann:s3cret@db/nbyard"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without variables of a session."""
    for name in SESSION:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NBYARD_STORE_DIR", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    path = tmp_path / "secrets"
    path.write_text(f"# a comment\nNBYARD_DATABASE_URL='{URL}'\nOTHER=1\n")
    path.chmod(0o600)
    return path


def test_only_settings_that_were_set_and_the_session(monkeypatch, bare):
    monkeypatch.setenv("NBYARD_SLOTS", "3")
    monkeypatch.setenv("NBYARD_GPUS", "")
    monkeypatch.setenv("NBYARD_TOKEN", "t0ken")
    monkeypatch.setenv("PATH", "/somewhere")
    start = DispatcherStart.of_this_process(Settings())
    assert start.variables == {
        "NBYARD_STORE_DIR": str(bare / "store"),
        "NBYARD_GPUS": "",
        "NBYARD_SLOTS": "3",
        "PATH": "/somewhere",
    }
    assert start.log == bare / "store" / "dispatcher.log"


def test_the_store_is_named_also_by_default(monkeypatch, bare):
    monkeypatch.delenv("NBYARD_STORE_DIR")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(bare))
    start = DispatcherStart.of_this_process(Settings())
    assert start.variables["NBYARD_STORE_DIR"] == str(bare / "nbyard") == str(start.store)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NBYARD_DATABASE_URL", URL),
        ("NBYARD_DATABASE_URL", "postgresql+psycopg://ann:@db/x"),
        ("NBYARD_DATABASE_URL", "postgresql://ann:s3c/r,e t@db/x"),
        ("NBYARD_DATABASE_URL", "postgresql://db/x?sslmode=require&password=s3cret"),
        ("NBYARD_DATABASE_URL", "postgresql://db/x?user=ann&sslpassword=s3cret"),
        ("NBYARD_ALLOWED_PACKAGE_SOURCES", "https://pypi.org/simple,https://t0ken@index/simple"),
        ("NBYARD_ALLOWED_PACKAGE_SOURCES", "HTTPS://ann:s3cret@index/simple"),
        ("DOCKER_HOST", "tcp://ann:s3cret@engine:2376"),
    ],
)
def test_secrets_are_refused_and_never_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        DispatcherStart.of_this_process(Settings())
    assert refused.value.details[0].path == name
    assert "--environment-file" in refused.value.hint and name in refused.value.hint
    assert "s3cret" not in refused.value.words and "t0ken" not in refused.value.words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NBYARD_DATABASE_URL", "postgresql+psycopg://ann@db/nbyard?sslmode=require"),
        ("NBYARD_DATABASE_URL", "postgresql+psycopg:///nbyard"),
        ("NBYARD_ALLOWED_PACKAGE_SOURCES", "https://pypi.org/simple,https://host:8080/simple"),
        ("DOCKER_HOST", "ssh://ann@engine"),
        ("NBYARD_DASK_ADDRESS", "tcp://scheduler:8786"),
    ],
)
def test_addresses_without_secrets_are_kept(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert DispatcherStart.of_this_process(Settings()).variables[name] == value


def test_variables_of_the_file_are_left_out(monkeypatch, secrets):
    monkeypatch.setenv("NBYARD_DATABASE_URL", URL)
    start = DispatcherStart.of_this_process(Settings(), secrets)
    assert "NBYARD_DATABASE_URL" not in start.variables
    assert start.environment_file == secrets


def test_a_secret_that_the_file_lacks_is_refused(monkeypatch, secrets):
    secrets.write_text("OTHER=1\n")
    monkeypatch.setenv("NBYARD_DATABASE_URL", URL)
    with pytest.raises(Invalid, match="NBYARD_DATABASE_URL"):
        DispatcherStart.of_this_process(Settings(), secrets)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_access_is_refused(secrets, mode):
    secrets.chmod(mode)
    with pytest.raises(Invalid) as refused:
        names_in(secrets)
    assert refused.value.hint == f"chmod 600 {secrets}"


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(Invalid, match="No such file"):
        names_in(tmp_path / "none")
    with pytest.raises(Invalid, match=r"a regular file|Is a directory"):
        names_in(tmp_path)


@pytest.mark.parametrize("name", ["NBYARD_STORE_DIR", "PATH"])
def test_line_breaks_in_values_are_refused(monkeypatch, name):
    monkeypatch.setenv(name, "/a\nExecStartPre=/bin/evil")
    with pytest.raises(Invalid) as refused:
        DispatcherStart.of_this_process(Settings())
    assert refused.value.details[0].path == name
