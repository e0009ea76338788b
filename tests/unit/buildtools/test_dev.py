"""What ./dev starts: its store, and the options of JupyterLab."""

from pathlib import Path

import pytest

import dev
from dev_build import FOLDER


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the commands that ./dev would start."""
    found: list[list[str]] = []

    def keep(_name: str, command: list[str], _folder: Path, _env: dict[str, str]) -> None:
        found.append(command)

    monkeypatch.setattr(dev, "Process", keep)
    monkeypatch.setattr(dev, "stage", lambda package: None)
    return found


def test_an_exported_store_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("NBYARD_STORE_DIR", str(tmp_path))
    assert dev.Development(tmp_path, 8888, False).store == str(tmp_path)
    monkeypatch.delenv("NBYARD_STORE_DIR")
    assert dev.Development(tmp_path, 8888, False).store == str(FOLDER / "store")


def test_scripts_reach_the_application(commands: list[list[str]], tmp_path: Path):
    dev.Development(tmp_path, 8888, False).start()
    assert "--LabApp.expose_app_in_browser=True" in commands[-1]
