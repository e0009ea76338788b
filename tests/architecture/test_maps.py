"""Maps for newcomers list all existing modules, and nothing else."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jupyter_ext/nbyard"
ARCHITECTURE = ROOT / "docs/explanation/architecture.md"
# some names and, behind two blanks or more, what they are
ENTRY = re.compile(r"^ {4}(\w+(?:, \w+)*)  +\S", re.MULTILINE)


def modules(folder: Path) -> set[str]:
    names = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return names | {path.parent.name for path in folder.glob("*/__init__.py")}


@pytest.mark.parametrize("layer", ["dispatch", "runner", "runtimes/docker"])
def test_map_of_a_large_room_lists_its_modules(layer: str) -> None:
    told = ast.get_docstring(ast.parse((PACKAGE / layer / "__init__.py").read_text()), clean=False)
    named = {name for names in ENTRY.findall(told or "") for name in names.split(", ")}
    assert modules(PACKAGE / layer) - named == set(), f"not on the map in {layer}/__init__.py"
    assert named - modules(PACKAGE / layer) == set(), f"gone from {layer}, but not from its map"


def test_page_about_rooms_matches_the_import_linter() -> None:
    """The order matters, because a layer may use only those below it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = contracts["contracts"][0]["layers"]
    there = modules(PACKAGE)
    wanted = [sorted(set(re.findall(r"\w+", layer)) & there) for layer in layers]
    table = ARCHITECTURE.read_text().partition("## Layers")[2]
    rows = re.findall(r"^\| (`.+?`) \| ", table, re.MULTILINE)
    shown = [sorted(re.findall(r"`(\w+)`", row)) for row in rows]
    alone = contracts["contracts"][0]["exhaustive_ignores"]
    assert shown == [*filter(None, wanted), sorted(alone)]


def test_drawing_of_a_run_names_existing_functions() -> None:
    page = (ROOT / "docs/contribute/how-a-run-flows.md").read_text()
    places = re.findall(r"^\| `(?:\w+\.)?(\w+)` \| `(\S+\.py)` \|", page, re.MULTILINE)
    assert 0 < len(places) <= 55
    for name, file in places:
        assert re.search(rf"def {name}\b", (PACKAGE / file).read_text()), f"{name} is not in {file}"
