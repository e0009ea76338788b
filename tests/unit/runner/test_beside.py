"""E14: `import nbyard` where it is not installed, and where it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbyard.runner import beside

FOLDER = Path(str(beside.__file__)).parent


def said(*words: str, path: str = "") -> str:
    """By a Python that has only what `path` tells it, and this folder."""
    variables = {"PYTHONPATH": beside.on_path(path)}
    line = [sys.executable, "-S", "-c", *words]
    done = subprocess.run(line, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_folder_stands_behind_what_is_there() -> None:
    assert beside.on_path("") == str(FOLDER)
    assert beside.on_path(f"a{os.pathsep}b", "/c") == f"a{os.pathsep}b{os.pathsep}/c"


def test_where_it_is_not_installed_its_hand_off_is_found() -> None:
    told = said("import nbyard, nbyard.frames, sys; print(nbyard.__file__, nbyard.input('x', 3))")
    assert told == f"{FOLDER.parent / 'handoff' / '__init__.py'} 3"


@pytest.mark.parametrize("program", ["import nbyard.deeper", "from nbyard import deeper"])
def test_what_is_installed_is_taken(tmp_path: Path, program: str) -> None:
    (tmp_path / "nbyard").mkdir()
    (tmp_path / "nbyard" / "__init__.py").touch()
    (tmp_path / "nbyard" / "deeper.py").write_text("print('installed')")
    for path in ([FOLDER, tmp_path], [tmp_path]):
        assert said(program, path=os.pathsep.join(map(str, path))) == "installed"


def test_the_path_stays_for_processes_that_inherit_it() -> None:
    program = "import sys; before = list(sys.path); import nbyard; print(before == sys.path)"
    assert said(program) == "True"


def test_a_broken_installation_says_so(tmp_path: Path) -> None:
    (tmp_path / "nbyard.py").write_text("1 / 0")
    told = said("try: import nbyard\nexcept ZeroDivisionError: print('broken')", path=str(tmp_path))
    assert told == "broken"
