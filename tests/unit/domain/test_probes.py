"""What code may look for beside the files that it reads."""

import json

import pytest

from nbyard.domain.probes import Probes, asks_for, probes_of


def notebook(*cells: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": one} for one in cells]}).encode()


@pytest.mark.parametrize(
    "code",
    [
        "x = 1",
        "open('a.csv')",
        "import os\nos.path.exists('a.csv')",
        "name = 'a.csv'\nopen(name)",
        "folder = 'd'\nopen(f'{folder}/a.csv')",
        "from pathlib import Path\nPath('d', 'a.csv').read_text()",
        "from pathlib import Path\nroot = Path('d')\n(root / 'a.csv').exists()",
        "import json\nwith open('a.json') as f:\n    json.load(f)",
        "f = open('a.txt')\nf.read()\nf.read(10)",
        "import pandas as pd\npd.read_csv('a.csv').rename(columns={'a': 'b'}).copy()",
        "'a'.replace('b', 'c')\nimport re\nre.compile(x)",
        "import nbyard\nimport pandas as pd\npd.read_csv(nbyard.input('raw'))",
        "given = 'x.csv'\nopen(f'{given}.csv')",
        "%matplotlib inline\nopen('a.csv')",
        "from pathlib import Path\nPath('a').open('r')",
        "%time open('a.csv')",
        "%%time\nopen('a.csv')",
        "import json\njson.loads(text)",
        "import glob\nglob.glob('d/*.csv')",
    ],
)
def test_names_that_are_fixed(code):
    found = probes_of("n.ipynb", notebook(code), {"given": "x"})
    assert not found.is_open
    assert not found.asks_sizes


@pytest.mark.parametrize(
    "code",
    [
        "open(name)",
        "for name in ['a', 'b']:\n    open(name)",
        "def load(path):\n    return open(path)",
        "name = 'a'\nname += 'b'\nopen(name)",
        "import sys\nopen(sys.argv[1])",
        "import os\nos.path.exists(os.path.join(a, 'b'))",
        "from pathlib import Path\nPath(x).exists()",
        "p.read_text()",
        "import importlib\nimportlib.import_module(name)",
        "list(map(open, names))",
        "from glob import glob\nlist(map(glob, names))",
        "import os\ncheck = os.path.exists",
        "from os.path import exists as there\nthere(x)",
        "import pandas as pd\npd.read_csv(io)",
        "import configparser\nconfigparser.ConfigParser().read(files)",
        "exec(text)",
        "import subprocess\nsubprocess.run(['make'])",
        "!ls",
        "n = !du -b big.bin",
        "get_ipython().system('ls')",
        "from os import system\nsystem('ls')",
        "import asyncio\nawait asyncio.create_subprocess_shell('ls')",
        "import os\nos.listdir(folder)",
        "import glob\nglob.glob(folder + '/*.csv')",
        "%time open(name)",
        "name = 'a'\nname = 'b'\nopen(name)",
        "import os\nfrom pathlib import Path\nname = Path('a').read_text()\nos.path.exists(name)",
        "import os\nos.path.exists(load_name())",
        "Path(x).read_text(encoding='utf8')",
        "%run other.py",
        "this is no Python",
    ],
)
def test_names_that_are_computed(code):
    assert probes_of("n.ipynb", notebook(code)).is_open


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.stat('a')",
        "p.stat().st_size",
        "%time os.path.getsize('a')",
        "import filecmp\nfilecmp.cmp('a', 'b')",
    ],
)
def test_sizes_that_are_asked_for(code):
    assert probes_of("n.py", code.encode()).asks_sizes


@pytest.mark.parametrize(
    ("script", "is_open", "asks_sizes"),
    [
        ("cat data/a.csv | sort > out.txt", False, False),
        ("# a [comment] of make\nset -e\nhead -2 a.csv", False, False),
        ('cat "$INPUT"', True, False),
        ("[ -e a.csv ] && cat a.csv", True, True),
        ("make", True, True),
        ("cat a.csv; ./prog", True, True),
    ],
)
def test_scripts_of_the_shell(script, is_open, asks_sizes):
    found = probes_of("a.sh", script.encode())
    assert (found.is_open, found.asks_sizes) == (is_open, asks_sizes)


def test_names_that_are_made_of_what_is_given():
    code = b"given = 'a'\nimport os\nos.path.exists(f'extra_{given}.csv')"
    found = probes_of("n.py", code, {"given": 2024})
    assert asks_for([found], "extra_2024.csv")
    assert not asks_for([found], "extra_2025.csv")


def test_a_notebook_of_another_language_may_look_for_anything():
    cells = notebook("n <- file.size('big.bin')")
    assert probes_of("n.ipynb", cells, is_python=False).asks_sizes


def test_other_files():
    """A table asks for nothing, a configuration names files, a program may do anything."""
    assert probes_of("a.csv", b"open(x)") == Probes()
    assert probes_of("a.dat", b"a\0b") == Probes()
    assert probes_of("a.yaml", b"path: b.csv") == Probes("path: b.csv")
    assert probes_of("a.R", b"x") == Probes("x")
    assert probes_of("a.R", b"x", is_own=True).is_open
    assert probes_of("prog", b"\x7fELF").asks_sizes


@pytest.mark.parametrize(
    ("code", "name", "is_asked"),
    [
        ("open('d/a.csv')", "d/a.csv", True),
        ("import util", "util.py", True),
        ("import pkg", "pkg/__init__.py", True),
        ("part = 'da'\nopen(part + 'ta.csv')", "data.csv", True),
        ("open('data.csv')", "notes.md", False),
        ("open('database.csv')", "data.csv", False),
    ],
)
def test_names_that_a_text_asks_for(code, name, is_asked):
    assert asks_for([probes_of("n.py", code.encode())], name) is is_asked
