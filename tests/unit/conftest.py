"""What tests of several folders share."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.kept_folders import kept_folder

# The product answers with what it has when such a budget ends. On a slow machine, the outcome of
# a test would depend on it. Modules are named without the package: the selection of `--changed`
# follows whole names.
BUDGETS = {
    "services.runs.previews": ("SECONDS",),
    "dispatch.cache.forecasts": (
        *("MOST_SECONDS", "ENGINE_SECONDS", "INTERPRETER_SECONDS", "OUTSIDE_SECONDS"),
    ),
    "dispatch.deployments.image_pins": ("BRIEF_SECONDS",),
    "dispatch.service_health": ("ANSWER_SECONDS",),
    "rest.server_hooks": ("PATIENCE_SECONDS",),
    "tabular.table_queries": ("QUICK_SECONDS", "PREVIEW_SECONDS"),
}


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give budgets of time that no machine exceeds; a test of a budget sets its own."""
    for module, names in BUDGETS.items():
        if loaded := sys.modules.get(f"nbyard.{module}"):
            for name in names:
                monkeypatch.setattr(loaded, name, 600.0)


@pytest.fixture
def nbdime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nbdime importable. Installed for all, its extensions would be part of each server."""

    def install(folder: Path) -> None:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps")
        needs = ("nbdime>=4.0", "colorama", "GitPython", "gitdb", "smmap")
        subprocess.run([*pip, "--target", folder, *needs], check=True)

    monkeypatch.syspath_prepend(kept_folder("nbdime", sys.version, install))
