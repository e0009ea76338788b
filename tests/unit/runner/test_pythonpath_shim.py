"""`import nbyard` with and without an installed nbyard."""

import os
import selectors
import subprocess
import sys
from importlib import machinery
from pathlib import Path

import pytest

from nbyard.runner import pythonpath_shim
from nbyard.runner.supervision.watch import Watch

FOLDER = Path(str(pythonpath_shim.__file__)).parent


def said(*words: str, path: str = "") -> str:
    """By a Python that has only what `path` tells it, and this folder."""
    variables = {"PYTHONPATH": pythonpath_shim.on_path(path)}
    line = [sys.executable, "-S", "-c", *words]
    done = subprocess.run(line, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_folder_is_appended_to_the_path() -> None:
    assert pythonpath_shim.on_path("") == str(FOLDER)
    assert pythonpath_shim.on_path(f"a{os.pathsep}b", "/c") == f"a{os.pathsep}b{os.pathsep}/c"


def test_without_nbyard_the_handoff_functions_are_found() -> None:
    told = said(
        "import nbyard, nbyard.dataframe_files, sys; print(nbyard.__file__, nbyard.input('x', 3))"
    )
    assert told == f"{FOLDER.parent / 'handoff' / '__init__.py'} 3"


@pytest.mark.parametrize("program", ["import nbyard.deeper", "from nbyard import deeper"])
def test_an_installed_nbyard_wins(tmp_path: Path, program: str) -> None:
    (tmp_path / "nbyard").mkdir()
    (tmp_path / "nbyard" / "__init__.py").touch()
    (tmp_path / "nbyard" / "deeper.py").write_text("print('installed')")
    for path in ([FOLDER, tmp_path], [tmp_path]):
        assert said(program, path=os.pathsep.join(map(str, path))) == "installed"


def test_the_path_stays_for_processes_that_inherit_it() -> None:
    program = "import sys; before = list(sys.path); import nbyard; print(before == sys.path)"
    assert said(program) == "True"


def test_a_broken_installation_is_reported(tmp_path: Path) -> None:
    (tmp_path / "nbyard.py").write_text("1 / 0")
    told = said("try: import nbyard\nexcept ZeroDivisionError: print('broken')", path=str(tmp_path))
    assert told == "broken"


def test_imports_list_no_folder_of_the_attempt(tmp_path: Path) -> None:
    """Only the code itself may list one."""
    code = tmp_path / "code"
    (code / "pkg" / "inner").mkdir(parents=True)
    (code / "pkg" / "__init__.py").touch()
    (code / "pkg" / "inner" / "mod.py").write_text("V = 7")
    (code / "util.py").write_text("import pkg.inner.mod, colorsys, none_such")
    (code / "main.py").write_text(
        "try:\n    import util\nexcept ImportError as error:\n    print(error)\n"
        "import sys\nprint(sys.modules['pkg.inner.mod'].V, sys.modules['colorsys'].__file__)\n"
    )
    with selectors.DefaultSelector() as selector:
        watch = Watch(str(code), selector)
        variables = {"PYTHONPATH": pythonpath_shim.on_path(""), "NBYARD_ATTEMPT": str(tmp_path)}
        line = [sys.executable, "main.py"]
        done = subprocess.run(
            line, env=variables, cwd=code, capture_output=True, text=True, check=True
        )
        seen = watch.observed()
        watch.close()
    assert done.stdout.splitlines()[0] == "No module named 'none_such'"
    assert done.stdout.splitlines()[1].startswith("7 ")
    assert seen["listed"] == []
    read = {"main.py", "util.py", "pkg/__init__.py", "pkg/inner/mod.py"}
    assert read == {name for name in seen["read"] if "__pycache__" not in name}


def test_looking_up_a_package_lists_no_folder_of_the_attempt(tmp_path: Path) -> None:
    """Scikit-learn looks up the version of numpy, and entry points."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "main.py").write_text(
        "from importlib.metadata import entry_points, version\n"
        "print(version('msgspec') > '0', len(entry_points()) > 0)\n"
    )
    (code / "own.py").write_text(
        "import os\nfrom importlib.metadata import version\nos.mkdir('mine-7.dist-info')\n"
        "open('mine-7.dist-info/METADATA', 'w').write('Name: mine\\nVersion: 7')\n"
        "from importlib.metadata import distributions\n"
        "print(version('mine'), any(one.name == 'mine' for one in distributions()))\n"
    )
    told = []
    for program in ("main.py", "own.py", "main.py"):
        with selectors.DefaultSelector() as selector:
            watch = Watch(str(code), selector)
            variables = {"PYTHONPATH": pythonpath_shim.on_path(""), "NBYARD_ATTEMPT": str(tmp_path)}
            if not watch.has_distributions:
                variables[pythonpath_shim.NO_DISTRIBUTIONS] = "1"
            line = [sys.executable, program]
            done = subprocess.run(
                line, env=variables, cwd=code, capture_output=True, text=True, check=True
            )
            told.append((done.stdout.strip(), watch.observed()["listed"]))
            watch.close()
    # a package that the code installed is found, and listed for
    assert told == [("True True", []), ("7 True", ["."]), ("True True", ["."])]


def test_startup_files_of_the_environment_are_kept(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('its own')")
    variables = {"PYTHONPATH": os.pathsep.join([str(FOLDER), str(tmp_path)])}
    line = [sys.executable, "-c", "import sys; print('sitecustomize' in sys.modules)"]
    done = subprocess.run(line, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["its", "own", "True"]


@pytest.mark.parametrize("is_known", [True, False])
def test_finders_of_another_python_are_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    monkeypatch.setenv("NBYARD_ATTEMPT", str(tmp_path))
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    before = len(sys.path_hooks)
    if not is_known:
        monkeypatch.setattr(machinery.FileFinder, "find_spec", lambda *_: None)
    pythonpath_shim.import_by_name()
    assert len(sys.path_hooks) == before + is_known
