"""Files that code reads and writes, found in its source."""

import json

import pytest

from nbyard.domain.executables.source_files import source_files

HEAD = """
import argparse, glob, json, os, shutil, sqlite3
from pathlib import Path
import joblib, pandas as pd, yaml
from PIL import Image
"""
MODULES = {
    "config.py": """
from dataclasses import dataclass
from pathlib import Path
ROOT = Path(__file__).resolve().parent
PATHS = {"clean": ROOT / "data" / "clean.csv"}
@dataclass
class Config:
    data: Path = ROOT / "data"
    def raw(self):
        return self.data / "raw.csv"
if __name__ == "__main__":
    open("never.txt")
""",
    "utils.py": """
import pandas as pd
FOLDER = "out"
def save(df, name, folder=FOLDER, *, end=".csv"):
    path = f"{folder}/{name}{end}"
    df.to_csv(path)
    return path
""",
    "src/deep.py": "from .other import END",
    "src/other.py": "END = '.json'",
    "config.yaml": "paths: {a: data/a.csv}",
    "loop.py": "import loop\nloop.missing()",
}


def found(text: str, **more: bytes) -> dict[str, list[str]]:
    """Return the sorted roles of each file, found in code with usual imports."""

    def read(path: str) -> bytes | None:
        return MODULES[path].encode() if path in MODULES else None

    files, *_ = source_files("steps.py", (HEAD + text).encode(), read)
    return {path: sorted(roles) for path, roles in files.items()}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("pd.read_csv('data/a.csv', sep=';')", "data/a.csv"),
        ("pd.read_csv(filepath_or_buffer='a.csv')", "a.csv"),
        ("open('a.txt').read()", "a.txt"),
        ("with open('a.pkl', mode='rb') as file: pass", "a.pkl"),
        ("Path('data', 'a.txt').read_text()", "data/a.txt"),
        ("(Path('data') / 'a.txt').open()", "data/a.txt"),
        ("Image.open('a.png')", "a.png"),
        ("joblib.load(os.path.join('models', 'a.joblib'))", "models/a.joblib"),
        ("pd.read_csv(Path(__file__).resolve().parents[1] / 'a.csv')", "../a.csv"),
        ("pd.read_csv(os.path.dirname(__file__) + '/a.csv')", "a.csv"),
        ("pd.read_csv(Path.cwd() / 'a.csv')", "a.csv"),
        ("pd.read_csv('data\\\\a.csv')", "data/a.csv"),
        ("F = 'data'\npd.read_csv(f'{F}/a_{7:03d}.csv')", "data/a_007.csv"),
        ("pd.read_csv('{}/{n}.csv'.format('data', n='a'))", "data/a.csv"),
        ("F = 'a.csv'\npd.read_csv(F)\nF = other()", "a.csv"),
        ("pd.read_csv(os.environ.get('DATA', 'a.csv'))", "a.csv"),
        ("for name in ['a']:\n    pd.read_csv(name + '.csv')", "a.csv"),
        ("[pd.read_csv(f'{n}.csv') for n in ('a',)]", "a.csv"),
        ("def load(name='a'):\n    return pd.read_csv(name + '.csv')\nload()", "a.csv"),
        ("def at(name):\n    return Path('data') / name\npd.read_csv(at('a.csv'))", "data/a.csv"),
        ("if cached:\n    pd.read_csv('a.csv')\nelse:\n    pass", "a.csv"),
        ("try:\n    pd.read_csv('a.csv')\nexcept OSError:\n    pass", "a.csv"),
        ("PATHS = {'a': {'b': 'a.csv'}}\npd.read_csv(PATHS['a']['b'])", "a.csv"),
        ("class C:\n    f = 'a.csv'\n    def run(self):\n        open(self.f)\nC().run()", "a.csv"),
        ("from config import PATHS\npd.read_csv(PATHS['clean'])", "data/clean.csv"),
        ("import config\npd.read_csv(config.ROOT / 'a.csv')", "a.csv"),
        ("from config import Config\npd.read_csv(Config().raw())", "data/raw.csv"),
        ("from src.deep import END\npd.read_json('a' + END)", "a.json"),
        ("import deep\npd.read_json('a' + deep.END)", "a.json"),
        ("c = yaml.safe_load(open('config.yaml'))['paths']\npd.read_csv(c['a'])", "data/a.csv"),
        ("p = argparse.ArgumentParser()\np.add_argument('--in-file', default='a.csv')\n"
         "a = p.parse_args()\npd.read_csv(a.in_file)", "a.csv"),
        ("p = argparse.ArgumentParser()\np.add_argument('--in-file', default='a.csv')\n"
         "p.set_defaults(in_file='b.csv')\npd.read_csv(p.parse_args().in_file)", "b.csv"),
        ("for path in Path('data').glob('*.csv'):\n    pd.read_csv(path)", "data/*.csv"),
        ("for name in os.listdir('data'):\n    open(os.path.join('data', name))", "data/*"),
        ("pd.read_sql('select 1', sqlite3.connect('a.db'))", "a.db"),
    ],
)  # fmt: skip
def test_files_are_read(text: str, path: str) -> None:
    assert found(text)[path] == ["input"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("frame.groupby('x').sum().to_csv('a.csv')", "a.csv"),
        ("plt.savefig(fname='figures/a.png')", "figures/a.png"),
        ("with open('a.json', 'w') as file:\n    json.dump({}, file)", "a.json"),
        ("joblib.dump(model, 'a.joblib')", "a.joblib"),
        ("from utils import save\nsave(frame, 'a')", "out/a.csv"),
        ("import utils as u\nu.save(frame, 'a', folder='b', end='.txt')", "b/a.txt"),
        ("frame.to_sql('rows', sqlite3.connect('a.db'))", "a.db"),
        ("sqlite3.connect('a.db').execute('CREATE TABLE t (x)')", "a.db"),
    ],
)
def test_files_are_written(text: str, path: str) -> None:
    assert found(text) == {path: ["output"]}


@pytest.mark.parametrize(
    "text",
    [
        "# pd.read_csv('a.csv')",
        "def never():\n    pd.read_csv('a.csv')",
        "pd.read_csv(name)",
        "pd.read_csv(f'report_{today()}.csv')",
        "pd.read_csv('https://example.org/a.csv')",
        "pd.read_csv('/data/a.csv')",
        "pd.read_csv('~/a.csv')",
        "open('a.txt', 'r+')",
        "open('a.txt', mode)",
        "import config",
        "import loop",
        "def again():\n    again()\nagain()",
        "F = 'a.csv'\nF = other()\npd.read_csv(F)",
        "while True:\n    pass",
    ],
)
def test_what_the_source_does_not_settle_is_left_out(text: str) -> None:
    assert found(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "__file__ = globals()['_dh'][0]\nimport config",
        "d = {}\nd.get([1])\nd.items(1)",
        "open('\\ud800.csv')",
        "'{0'.format(1)\nPath(1)\nos.path.join(*x)\n[1][{}]",
    ],
)
def test_odd_code_does_not_end_the_reading(text: str) -> None:
    assert found(f"{text}\nopen('a.csv')") == {"a.csv": ["input"]}


def test_a_file_that_is_read_before_it_is_written_has_both_roles() -> None:
    assert found("df = pd.read_csv('a.csv')\ndf.to_csv('a.csv')") == {"a.csv": ["input", "output"]}


@pytest.mark.parametrize(
    "text",
    [
        "shutil.copy('a.csv', 'b.csv')\npd.read_csv('b.csv')",
        "if os.path.exists('b.csv'):\n    open('b.csv')\nshutil.copy('a.csv', 'b.csv')",
        "b = Path('b.csv')\nold = pd.read_csv(b) if b.exists() else 0\nshutil.copy('a.csv', b)",
    ],
)
def test_a_result_of_the_code_itself_is_no_input(text: str) -> None:
    assert found(text) == {"a.csv": ["input"], "b.csv": ["output"]}


def test_sql_names_files() -> None:
    sql = "SELECT * FROM 'a.parquet' JOIN read_csv('b.csv') WHERE name = 'c.csv'"
    assert found(f"duckdb.sql(\"COPY ({sql}) TO 'd.csv'\")") == {
        "a.parquet": ["input"],
        "b.csv": ["input"],
        "d.csv": ["output"],
    }
    assert found("sqlite3.connect('a.db').execute(text)") == {"a.db": ["input"]}


def test_cells_of_a_notebook_are_one_module_and_magics_are_no_code() -> None:
    cells = ["%matplotlib inline\nimport pandas as pd\nPATH = 'a.csv'", "pd.read_csv(PATH)", "(("]
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    notebook = json.dumps({"metadata": {}, "cells": code}).encode()
    files, *_ = source_files("steps.ipynb", notebook, lambda path: None)
    assert files == {"a.csv": {"input"}}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("steps.py", b"def ("),
        ("steps.ipynb", b"[]"),
        ("steps.ipynb", b'{"metadata": {"kernelspec": {"language": "R"}}, "cells": []}'),
        ("steps.sh", b"cat a.csv"),
    ],
)
def test_other_code_has_no_files(file: str, content: bytes) -> None:
    assert source_files(file, content, lambda path: None)[0] == {}


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{' ' * n}for b{n} in range(100):\n" for n in range(9)) + "         pass",
        f"{'[' * 9}1{' for x in range(100)]' * 9}",
        "def f(n):\n    f(n)\n    f(n)\n    f(n)\n    f(n)\nf(1)",
        "s = 'a'\nfor i in range(100):\n    s = f'{s}{s}{s}'",
        "s = 'a'\nfor i in range(100):\n    s = s.replace('a', 'aa')",
        "s = [1]\nfor i in range(100):\n    s = s + s",
        "s = '{:999999999}'.format('a')\nt = f'{s:999999999}'",
    ],
)
def test_code_that_would_take_all_time_or_memory_is_followed_to_a_limit(text: str) -> None:
    assert found(f"pd.read_csv('a.csv')\n{text}") == {"a.csv": ["input"]}
