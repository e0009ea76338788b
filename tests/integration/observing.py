"""Programs that read their code in many ways, and changes of the files that they read."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .test_runs import Project

RESULT = "found"  # the variable with what a program has read
IS_LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"

# ruff: noqa: E501 the programs are easier to read in one line each
# each reads in its own way, and puts what it found into `found`
PROGRAMS = {
    "plain": "found = open('a.txt').read() + open('d/b.txt').read()",
    "module": "from pkg import mod\nimport colorsys\nfound = f'{mod.V} {colorsys.__file__[-11:]}'",
    "by_name": "import importlib\nfound = importlib.import_module('pkg' + '.mod').V",
    "polars": "import polars\nfound = polars.read_csv('t.csv').to_dicts()",
    "pattern": "import polars\nfound = polars.read_csv('d/*.csv').height",
    "arrow": "import pyarrow.csv\nfound = pyarrow.csv.read_csv('t.csv').to_pydict()",
    "sqlite": "import sqlite3\nfound = sqlite3.connect('db.sqlite').execute('select * from t').fetchall()",
    "child": "import subprocess\nfound = subprocess.check_output(['cat', 'd/b.txt']).decode()",
    "child_lists": "import subprocess\nfound = sorted(subprocess.check_output(['ls', 'd']).split())",
    "glob": "import glob\nfound = sorted(glob.glob('d/*.txt'))",
    "walk": "import os\nfound = sorted(os.path.join(f, n) for f, _, ns in os.walk('d') for n in ns)",
    "exists": "import os\nfound = os.path.exists('flag.txt')",
    "tries": (
        "found = []\nfor name in ('a', 'c'):\n    try:\n        found.append(open(name + '.txt').read())\n"
        "    except OSError:\n        found.append('')"
    ),
    "size": "import os\nfound = os.stat('a.txt').st_size",
    "link": "import os\nos.symlink('a.txt', 'ln')\nfound = open('ln').read()\nos.unlink('ln')",
    "hard_link": "import os\nos.link('a.txt', 'ln')\nfound = open('ln').read()\nos.unlink('ln')",
    "moves": "import os\nos.rename('d', 'e')\nfound = open('e/b.txt').read()",
    "mapped": (
        "import mmap\nwith open('a.txt', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:\n    found = m[:]"
    ),
    "bundled": "found = open('a.txt').read()",
    "config": "import json\nfound = open(json.load(open('config.json'))['path']).read()",
}
# they look for names that they compute, or that another module computes
COMPUTED = {
    "of_settings": "import settings\nfound = settings.DATA.exists()",
    "from_settings": "from settings import DATA\nfound = DATA.is_file()",
    "pandas": "import pandas\nfrom settings import DATA\ntry:\n    found = len(pandas.read_csv(DATA))\nexcept OSError:\n    found = 0",
    "partial": (
        "from functools import partial\nimport polars\ncsv = partial(polars.read_csv, has_header=True)\n"
        "n = len('x')\ntry:\n    found = csv('part' + str(n) + '.csv').height\nexcept OSError:\n    found = 0"
    ),
    "line": "import linecache\nfound = [linecache.getline('p%d.txt' % i, 1) for i in range(2)]",
    "dataset": (
        "import pyarrow.dataset as ds\nn = len('x')\ntry:\n    found = ds.dataset('part' + str(n) + '.csv', format='csv').count_rows()\n"
        "except OSError:\n    found = 0"
    ),
}
# they read outside of their code, by absolute paths; OUTSIDE stands for that folder
OUTSIDE = {
    "absolute": "found = open('OUTSIDE/a.txt').read()",
    "of_path": "from pathlib import Path\nROOT = Path('OUTSIDE')\nfound = (ROOT / 'd' / 'b.txt').read_text()",
    "of_home": "from pathlib import Path\nfound = (Path.home() / 'FROM_HOME' / 'a.txt').read_text()",
    "of_pandas": "import pandas\nfound = len(pandas.read_csv('OUTSIDE/t.csv'))",
    "of_polars": "import polars\nfound = polars.scan_csv('OUTSIDE/d/*.csv').collect().height",
    "of_child": "import subprocess\nfound = subprocess.check_output(['cat', 'OUTSIDE/d/b.txt']).decode()",
    "of_shell": "import subprocess\nfound = subprocess.check_output('cat OUTSIDE/a.txt | wc -c', shell=True)",
    "of_module": "from places import A\nfound = open(A).read()",
    "of_config": "import json\nfound = open(json.load(open('places.json'))['b']).read()",
    "of_number": "found = [open(f'OUTSIDE/d/{n}.txt').read() for n in range(2)]",
    "of_listing": "import os\nfound = sorted(os.listdir('OUTSIDE/d'))",
    "of_glob": "import glob\nfound = [open(p).read() for p in sorted(glob.glob('OUTSIDE/d/*.txt'))]",
    # Python writes its caches when it likes, so no result depends on them
    "of_walk": (
        "import os\nfound = sorted(os.path.join(f, n) for f, _, ns in os.walk('OUTSIDE')"
        " for n in ns if '__pycache__' not in f)"
    ),
    "of_caught": "try:\n    found = open('OUTSIDE/flag.txt').read()\nexcept OSError:\n    found = 'none'",
    "of_absent": "import os\nfound = os.path.exists('OUTSIDE/flag.txt')",
    "of_size": "import os\nfound = os.stat('OUTSIDE/a.txt').st_size",
    "of_map": (
        "import mmap\nwith open('OUTSIDE/a.txt', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:\n    found = m[:]"
    ),
    "of_link": "found = open('OUTSIDE/link.txt').read()",
    "of_folder": "import os\nos.chdir('OUTSIDE')\nfound = open('d/b.txt').read()",
    "of_sqlite": "import sqlite3\nfound = sqlite3.connect('OUTSIDE/db.sqlite').execute('select * from t').fetchall()",
    "of_import": "import sys\nsys.path.insert(0, 'OUTSIDE/lib')\nimport far\nfound = far.V",
}
COME = {"sales_2026.csv": "x\n1\n", "part1.csv": "x\n1\n", "p1.txt": "1"}
Changes = Mapping[str, Callable[[Path], object]]
CHANGES: Changes = {
    "a.txt changed": lambda root: (root / "a.txt").write_text(f"{random.random()}"),
    "a.txt as long as before": lambda root: (root / "a.txt").write_text(f"{random.random():.10f}"),
    "d/b.txt changed": lambda root: (root / "d/b.txt").write_text(f"{random.random()}"),
    "pkg/mod.py changed": lambda root: (root / "pkg/mod.py").write_text(f"V = {random.random()}"),
    "t.csv changed": lambda root: (root / "t.csv").write_text(f"x\n{random.randrange(99999)}\n"),
    "c.txt is there": lambda root: (root / "c.txt").write_text(f"{random.random()}"),
    "flag.txt is there or gone": lambda root: _toggle(root / "flag.txt"),
    "d/new.txt is there or gone": lambda root: _toggle(root / "d/new.txt"),
    "d/new.csv is there or gone": lambda root: _toggle(root / "d/new.csv"),
    "colorsys.py is there or gone": lambda root: _toggle(root / "colorsys.py"),
    "pkg/other.py is there or gone": lambda root: _toggle(root / "pkg/other.py"),
    "notes.md changed": lambda root: (root / "notes.md").write_text(f"{random.random()}"),
    "the database changed": lambda root: _insert(root / "db.sqlite"),
    "another path is configured": lambda root: _toggle_text(root / "config.json"),
}
_OUTSIDE_CHANGES: Changes = {
    "a.txt changed": lambda root: (root / "a.txt").write_text(f"{random.random()}"),
    "a.txt as long as before": lambda root: (root / "a.txt").write_text(f"{random.random():.10f}"),
    "a.txt was replaced": lambda root: _replace(root / "a.txt"),
    "a.txt has the old time": lambda root: _change_secretly(root / "a.txt"),
    "d/b.txt changed": lambda root: (root / "d/b.txt").write_text(f"{random.random()}"),
    "d/1.txt changed": lambda root: (root / "d/1.txt").write_text(f"{random.random()}"),
    "t.csv changed": lambda root: (root / "t.csv").write_text("x\n" * random.randrange(2, 99)),
    "d/one.csv changed": lambda root: (root / "d/one.csv").write_text(
        "x\n" * random.randrange(2, 99)
    ),
    "flag.txt is there or gone": lambda root: _toggle(root / "flag.txt"),
    "d/new.txt is there or gone": lambda root: _toggle(root / "d/new.txt"),
    "d/new.csv is there or gone": lambda root: _toggle(root / "d/new.csv"),
    "the link goes elsewhere": lambda root: _link_elsewhere(root / "link.txt"),
    "the target of the link changed": lambda root: (root / "link.txt").write_text(
        f"{random.random()}"
    ),
    "the module changed": lambda root: (root / "lib/far.py").write_text(f"V = {random.random()}"),
    "the database changed": lambda root: _insert(root / "db.sqlite"),
    "a.txt was touched": lambda root: (root / "a.txt").touch(),
}
OUTSIDE_CHANGES: Changes = {
    name: lambda root, change=change: change(outside_of(root))  # type: ignore[misc]
    for name, change in _OUTSIDE_CHANGES.items()
}


def _replace(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_text(f"{random.random():.10f}")
    new.replace(path)


def _change_secretly(path: Path) -> None:
    times = path.stat()
    path.write_text(f"{random.random():.10f}")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _link_elsewhere(link: Path) -> None:
    target = "linked/b.txt" if "a" in os.readlink(link) else "linked/a.txt"
    link.unlink()
    link.symlink_to(link.parent.parent / target)


def _toggle(path: Path) -> None:
    if path.exists():
        path.unlink()
    else:
        path.write_text("x\n1\n" if path.suffix == ".csv" else "")


def _insert(path: Path) -> None:
    with sqlite3.connect(path) as c:
        c.execute("insert into t values (1)")
    c.close()


def _toggle_text(path: Path) -> None:
    is_first = "a.txt" in path.read_text()
    path.write_text('{"path": "d/b.txt"}' if is_first else '{"path": "a.txt"}')


def outside_of(root: Path) -> Path:
    """Return the folder with the files that programs read by absolute paths."""
    return root.parent / "outside"


def code_of(name: str, root: Path) -> str:
    """Return the program of this name, for the code folder `root`."""
    outside = outside_of(root)
    from_home = os.path.relpath(outside, Path.home())
    code = (PROGRAMS | COMPUTED | OUTSIDE)[name].replace("FROM_HOME", from_home)
    return code.replace("OUTSIDE", str(outside))


def lay_outside(root: Path) -> None:
    """Put files there that the programs of OUTSIDE read, and what names their paths."""
    outside, linked = outside_of(root), root.parent / "linked"
    for folder in (outside / "d", outside / "lib", linked):
        folder.mkdir(parents=True)
    for name in ("a.txt", "d/b.txt", "d/0.txt", "d/1.txt"):
        (outside / name).write_text("0.1234567890")
    for name in ("t.csv", "d/one.csv"):
        (outside / name).write_text("x\n1\n")
    (outside / "lib/far.py").write_text("V = 1")
    for name in ("a.txt", "b.txt"):
        (linked / name).write_text(name)
    (outside / "link.txt").symlink_to(linked / "a.txt")
    with sqlite3.connect(outside / "db.sqlite") as c:
        c.execute("create table t (x)")
    c.close()
    (root / "places.py").write_text(f"A = '{outside}/a.txt'")
    (root / "places.json").write_text(f'{{"b": "{outside}/d/b.txt"}}')


def lay(project: Project, names: Iterable[str]) -> Project:
    """Put these programs there as notebooks, over the same files."""
    root = project.root
    for folder in ("d", "pkg"):
        (root / folder).mkdir()
    with sqlite3.connect(root / "db.sqlite") as c:
        c.execute("create table t (x)")
    c.close()
    texts = {
        **{"a.txt": "0.1234567890", "d/b.txt": "b", "pkg/mod.py": "V = 1", "notes.md": "n"},
        "settings.py": "from pathlib import Path\nYEAR = 2026\nDATA = Path(f'sales_{YEAR + 0 * len(__name__)}.csv')",
        **{"t.csv": "x\n1\n", "d/one.csv": "x\n1\n", "config.json": '{"path": "a.txt"}'},
    }
    for name, text in texts.items():
        (root / name).write_text(text)
    for name in names:
        policy = "bundle" if name == "bundled" else "observed"
        lay_notebook(project, name, code_of(name, root), cache=policy)
    return project


def lay_notebook(project: Project, name: str, code: str, **node: Any) -> None:
    """Put a program there as a notebook that keeps its result."""
    keep = f"open(output_txt, 'w').write(repr({RESULT}))"
    project.notebook(name, "output_txt = 'o.txt'", code, keep, **node)


def _directly(root: Path, copy: Path, name: str) -> str:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy)
    cells = json.loads((root / f"{name}.ipynb").read_text())["cells"]
    code = f"{''.join(cells[1]['source'])}\nimport sys\nsys.stdout.write(repr({RESULT}))"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, check=True, capture_output=True, text=True
    )
    return told.stdout


def check_never_stale(
    project: Project, copy: Path, rounds: int, changes: Changes = CHANGES, /, **wish: Any
) -> None:
    """Check after every change that a run gives the same as each program by itself.

    `wish` chooses how to run them. A case is a program after a change."""
    # always the same changes, so that a failure means a change; --full draws its own
    drawn = str(random.randrange(2**32)) if IS_LONG else "1"
    seed = os.environ.get("NBYARD_TEST_SEED") or drawn
    random.seed(seed)
    project.run(**wish)
    told = []
    for change in random.choices(list(changes), k=rounds):
        changes[change](project.root)
        told.append(change)
        check_run(project, copy, (seed, told), **wish)


def check_run(project: Project, copy: Path, told: object, **wish: Any) -> None:
    """Check that a run gives the same as each program by itself."""
    detail = project.run(**wish)
    failed = {
        task.node: task.failure or task.reason for task in detail.tasks if task.state == "failed"
    }
    assert not failed, (told, failed)
    for name in project.nodes:
        made = project.bytes_of(detail, name, "output_txt").decode()
        expected = _directly(project.root, copy, name)
        assert made == expected, (told, name, project.task(detail.run.id, name).reason)
