"""Paths that code may mean."""

import json

import pytest

from nbyard.domain.mentions import code_of, mentions


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
    assert found <= set(mentions(code))
    assert found or not mentions(code)


def test_code_is_that_of_a_notebook_s_cells():
    cells = [
        {"cell_type": "code", "source": ["open('a/b')\n", "x = 1"]},
        {"cell_type": "markdown", "source": "'c/d'"},
    ]
    content = json.dumps({"cells": cells}).encode()
    assert code_of("n.ipynb", content) == "open('a/b')\nx = 1"
    assert code_of("n.py", b"open('a')") == "open('a')"
