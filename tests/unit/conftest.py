"""What tests of several folders share."""

import importlib
import subprocess
import sys
from collections.abc import Iterable
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
    lengthen_budgets(monkeypatch, BUDGETS)


def lengthen_budgets(monkeypatch: pytest.MonkeyPatch, modules: Iterable[str]) -> None:
    """Give the budgets of these modules 600 s; the product imports some only when it uses them."""
    for module in modules:
        loaded = importlib.import_module(f"nbyard.{module}")
        for name in BUDGETS[module]:
            monkeypatch.setattr(loaded, name, 600.0)


@pytest.fixture
def nbdime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nbdime importable. Installed for all, its extensions would be part of each server."""

    def install(folder: Path) -> None:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps")
        needs = ("nbdime>=4.0", "colorama", "GitPython", "gitdb", "smmap")
        subprocess.run([*pip, "--target", folder, *needs], check=True)

    monkeypatch.syspath_prepend(kept_folder("nbdime", sys.version, install))
