"""What code may look for beside the files that it reads."""

import json

import pytest

from nbyard.domain.caching.file_probes import TESTS, Probes, asks_for, probes_of


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
        "%timeit -n 3 -r2 -o open('a.csv')",
        "import json\njson.loads(text)",
        "import glob\nglob.glob('d/*.csv')",
        "import os as place\nplace.path.exists('a.csv')",
        "from PIL import Image\nImage.open('a.png')",
        "import zipfile\nzipfile.ZipFile('a.zip').open('b.txt')",
        "import linecache\nlinecache.getline('a.txt', 1)",
        "print(f'part{n}.csv')\ndf.to_csv(f'part{n}.csv')\nplt.savefig(out / f'plot{n}.png')",
        "log.warning('part%d.csv', n)\nraise ValueError('no part{}.csv'.format(n))",
        "reader = csv.DictReader(rows)\nloaded = list(reader)\nprint(loaded, args.loader)",
        "def load_all():\n    return 1\nrun(load_all)",
        "import os\nos.makedirs(out, exist_ok=True)",
        "import duckdb\nduckdb.sql('select * from \"a.csv\"')",
        "columns = ['a', 'b']\nimport pandas as pd\npd.read_csv('a.csv', usecols=columns)",
        "f'{x:.2f} of {y}. Then {z}.'\nprint('%d.%d' % (a, b), f'{a.b}')",
        "class A:\n    'Reads part{n}.csv.'",
        "match = re.match(a, b)\nmatch.group(n)\nself.dataset[0]",
        "import pandas as pd\npd.options.mode.copy_on_write = True",
        "px.sunburst(path=['a', 'b'])",
        "train_test_split(data, test_size=0.25)",
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf.info()\ndf.groupby('a').size()",
        "import logging\nlogging.info('ready')\nlogging.getLogger().info('%s', n)",
        "from scipy.stats import shapiro\nstat, p = shapiro(x)\nprint(stat, df['stat'].max())",
        "import sys\nsys.getsizeof(x)\nimport platform\nplatform.system()",
        "system = 'solar'\nprint('operating system', system, df.system.mean())",
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
        "import os as o\no.system('ls')",
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
        # paths that another module made
        "import settings\nsettings.DATA.exists()",
        "import settings\nsettings.paths.data.open()",
        "import pkg.settings\npkg.settings.DATA.read_text()",
        "from settings import DATA\nDATA.is_file()",
        "from settings import DATA\nlist(DATA.iterdir())",
        "from settings import *\nDATA.stat()",
        "DATA = 'a.csv'\nfrom settings import *\nopen(DATA)",
        "DATA = 'a.csv'\nfrom settings import DATA\nopen(DATA)",
        "try:\n    import os as place\nexcept ImportError:\n    import place\nplace.exists('a')",
        "import settings\nsettings.NAME = make()",
        "import settings\nsetattr(settings, 'NAME', make())",
        # functions that others call
        "from functools import partial\ncsv = partial(pl.read_csv, has_header=True)\ncsv(x)",
        "import polars as pl\nreaders = {'csv': pl.read_csv}\nreaders['csv'](x)",
        "from polars import scan_csv\nlist(map(scan_csv, names))",
        "import polars as pl\ngetattr(pl, 'read_csv')(x)",
        "import polars as pl\ngetattr(pl, kind)(x)",
        "from operator import methodcaller\nmethodcaller('read_text')(x)",
        "[one.read_text for one in ones]",
        "import shutil as sh\nlist(map(sh.move, a, b))",
        # other words
        "import linecache\nlinecache.getline(x, 1)",
        "from fileinput import input as lines\nlines(x)",
        "import pyarrow as pa\npa.OSFile(x)",
        "import pyarrow as pa\npa.memory_map(x)",
        "import pyarrow.dataset as ds\nds.dataset(x)",
        "import cv2\ncv2.VideoCapture(x)",
        "import numpy as np\nnp.memmap(x)",
        "from osgeo import gdal\ngdal.Open(x)",
        "import h5py\nh5py.File(x)",
        "import netCDF4\nnetCDF4.MFDataset(x)",
        "from PIL import Image\nImage.open(x)",
        "import sqlite3\nsqlite3.connect(x)",
        "import duckdb\nduckdb.sql(x)",
        "import duckdb\nc = duckdb.connect()\nc.execute(x)",
        "import torch\ntorch.load(x)",
        "import joblib\njoblib.load(x)",
        "import ctypes\nctypes.cdll.LoadLibrary(x)",
        "import importlib.util\nimportlib.util.spec_from_file_location('a', x)",
        "import runpy\nrunpy.run_path(x)",
        "spark.read.csv(x)",
        "import shutil as sh\nsh.copy(x, 'a')",
        "import os\nos.chdir(x)",
        "import os\nos.mkdir(x)",
        "import os\nos.unlink(x)",
        "(root / name).rename('a')",
        "xgboost.Booster(filename=x)",
        "names = ['a']\nnames.append(x)\nimport polars as pl\npl.read_csv(names)",
        # texts that end as names do, whatever takes them
        "take('p%d.txt' % i)",
        "take('part' + str(n) + '.csv')",
        "take(f'part{n}.csv')",
        "take(f'part{n}_of_{m:02}-x.parquet')",
        "take('part{}.csv'.format(n))",
        "FORM = 'part{n}.csv'\ntake(FORM)",
        "take(now.strftime('%Y-%m-%d.csv'))",
        "take(Template('$name.csv'))",
        "c.sql(f\"select * from 'part{n}.csv' where x\")",
        "take(path.with_suffix('.csv'))",
        "display(Image(f'part{n}.png'))",
    ],
)
def test_names_that_are_computed(code):
    assert probes_of("n.ipynb", notebook(code)).is_open


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.stat('a')",
        "from os import path, stat\nstat('a')",
        "import os as o\no.stat('a').st_mode",
        "import pyarrow.fs\npyarrow.fs.LocalFileSystem().get_file_info('a')",
        "dataset.filesystem.info('a')",
        "p.stat().st_size",
        "%time os.path.getsize('a')",
        "import filecmp\nfilecmp.cmp('a', 'b')",
    ],
)
def test_requests_for_sizes_are_found(code):
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


def test_names_from_parameters_are_found():
    code = b"given = 'a'\nimport os\nos.path.exists(f'extra_{given}.csv')"
    found = probes_of("n.py", code, {"given": 2024})
    assert asks_for([found], "extra_2024.csv")
    assert not asks_for([found], "extra_2025.csv")


def test_only_the_parameters_cell_uses_given_values():
    """Another cell computes a variable of that name."""
    book = json.loads(notebook("given = 'a'", "other = input()\nopen(other)\nopen(given)"))
    book["cells"][0]["metadata"] = {"tags": ["parameters"]}
    given = {"given": "x", "other": "y"}
    assert probes_of("n.ipynb", json.dumps(book).encode(), given).is_open
    book["cells"][0]["source"] = "given = 'a'\nother = input()"
    book["cells"][1]["source"] = "open(given + '.csv')"
    found = probes_of("n.ipynb", json.dumps(book).encode(), {"given": "x"})
    assert asks_for([found], "x.csv") and not found.is_open


def test_names_in_joined_lists_are_found():
    found = probes_of("n.py", b"import polars\npolars.read_csv(['pa' + 'rt.csv'])")
    assert asks_for([found], "part.csv")
    assert not found.is_open


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
        ("data = pd.read_csv(x)\nprint(data['a'], 'ä', data)", "data/big.bin", False),
        ("for data in rows:\n    with f as data:\n        print(data)", "data.csv", False),
        ("%matplotlib inline\ndata = 1\n!ls", "data.csv", False),
        ("data = 1\nprint(f'{data} of {1}')", "data.csv", True),
        ("data = 'data'\nopen(data)", "data", True),
        ("data = 1\ndef data(): pass", "data.csv", True),
        ("def f(data): pass", "data.csv", True),
        ("class Settings(Base):\n    data: str = ''\ndata = 1", "data", True),
        ("data = 1\nprint(frame.data)", "data.csv", True),
        ("data = 1\rx = data", "data.csv", True),
        ("from names import *\nopen(data)", "data.csv", True),
    ],
)
def test_names_in_texts_are_found(code, name, is_asked):
    assert asks_for([probes_of("n.py", code.encode())], name) is is_asked


@pytest.mark.parametrize(
    ("filename", "code", "appends"),
    [
        ("n.py", "open('/a', 'a')", True),
        ("n.py", "print('b', 'a')", False),
        ("n.py", "print('b', 'a')\nfor", True),  # no tree
        ("n.ipynb", notebook("!echo 1 >> /a").decode(), True),
        ("n.ipynb", notebook("m = n >> 2\n%matplotlib inline").decode(), False),
        ("n.sh", "echo 1 >> /a", True),
        ("n.sh", "# echo 1 >> /a\necho 1 > /a", False),
        ("n.yaml", "MODE: a", True),
        ("n.yaml", "group: a", False),
    ],
)
def test_code_that_may_append_to_files(filename: str, code: str, appends: bool) -> None:
    assert probes_of(filename, code.encode()).appends is appends


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("open('/a')", False),
        ("import os\nos.path.exists('/a')", True),
        ("try:\n    open('/a')\nexcept OSError:\n    pass", True),
        ("try:\n    open('/a')\nexcept (KeyError, Exception) as e:\n    pass", True),
        ("try:\n    open('/a')\nexcept:\n    pass", True),
        ("try:\n    int('/a')\nexcept ValueError:\n    pass", False),
        ("with contextlib.suppress(OSError):\n    open('/a')", True),
        ("cat /a || touch /a", True),
        ("[ -f /a ]", True),
    ],
)
def test_code_that_continues_without_a_file_is_found(code: str, tests: bool) -> None:
    """Names of variables are gone from the text, those of errors remain."""
    text = probes_of("n.py", code.encode()).text
    assert (TESTS.search(text) is not None) is tests
