"""Paths that code may mean."""

import json

import pytest

from nbyard.domain.caching.path_mentions import (
    code_of,
    likely_paths,
    literal_folder,
    possible_paths,
)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("pd.read_csv('data/x.csv')", {"data/x.csv"}),
        ('open(f"parts/{i}.parquet")', {"parts/{i}.parquet"}),
        ("glob.glob('raw/*/*.csv')", {"raw/*/*.csv"}),
        ('Path("data") / "a b.csv"', {"data", "a b.csv"}),
        ("sys.path.insert(0, './lib')", {"./lib"}),
        ("import util, numpy as np\nfrom lib.load import x", {"util", "util.py", "lib", "lib.py"}),
        ("cut -f1 data/x.tsv >out.txt", {"data/x.tsv", "out.txt"}),
        ("x = '/etc/passwd'; y = '..'", set()),
    ],
)
def test_paths_are_found(code, found):
    assert found <= set(possible_paths(code))
    assert found or not possible_paths(code)


def test_code_is_that_of_a_notebook_s_cells():
    cells = [
        {"cell_type": "code", "source": ["open('a/b')\n", "x = 1"]},
        {"cell_type": "markdown", "source": "'c/d'"},
    ]
    content = json.dumps({"cells": cells}).encode()
    assert code_of("n.ipynb", content) == "open('a/b')\nx = 1"
    assert code_of("n.py", b"open('a')") == "open('a')"


@pytest.mark.parametrize(
    ("filename", "code", "found"),
    [
        ("n.ipynb", "glob('raw/*.csv'); os.path.exists('data')", {"raw/*.csv", "data"}),
        ("n.ipynb", "df['data']; kind = 'build'; import build\n# see data/x", set()),
        ("n.ipynb", "%cd build\n!cat dist/x\nload_dotenv('.env')", {"build", "dist/x", ".env"}),
        ("n.ipynb", "open('/etc/x'); open('~/x'); '..'", set()),
        ("n.ipynb", "open(FOLDER)", {"data"}),
        ("a.R", "files <- list.files('data'); a / b.c", {"data"}),
        ("a.sh", "# of build/y\ncd 'build' && cat data/x", {"build", "data/x"}),
    ],
)
def test_certain_requests_for_paths_are_found(filename: str, code: str, found: set[str]) -> None:
    assert set(likely_paths(filename, code, ["data"] if "FOLDER" in code else [])) == found


@pytest.mark.parametrize(
    ("text", "start"),
    [("a/b.csv", "a/b.csv"), ("a/*/b", "a"), ("*.csv", ""), ("a/{x}.csv", "a"), ("a/%d.csv", "a")],
)
def test_the_part_before_a_wildcard_is_literal(text: str, start: str) -> None:
    assert literal_folder(text) == start
