"""What code may open outside of its own folder."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.digest import DATASET
from nbyard.domain.outside import (
    Mentions,
    changes_outside,
    is_counted,
    is_read_for,
    mentions_in,
    mentions_of,
)

ID = "0199c8a4-1111-7222-8333-444455556666"
NAMES = st.sampled_from(["/a", "/b", "/c", f"{DATASET}{ID}", f"{DATASET}other"])
STATES = st.dictionaries(NAMES, st.sampled_from(["", "1", "2"]))


@pytest.mark.parametrize(
    ("name", "text", "paths"),
    [
        ("n.py", "open('/data/a.csv')", {"/data/a.csv"}),
        ("n.py", 'pd.read_csv("~/my data/a.csv")', {"~/my data/a.csv"}),
        ("n.py", "p = Path('/data')\nq = p / 'a.csv'", {"/data", "/data/a.csv"}),
        ("n.py", "ROOT = '/data'\nopen(f'{ROOT}/a.csv')", {"/data", "/data/a.csv"}),
        ("n.py", "# nothing\nopen('a/b.csv')\nx = a / b\ny = '//host/x'\nz = '/'", set()),
        ("n.py", "open('/proc/meminfo'), open('/usr/share/dict/words')", set()),
        ("n.py", "'/v/lib/python3/site-packages/x/a.csv'", set()),
        ("n.py", "not (python '/data/a.csv'", {"/data/a.csv"}),
        ("n.R", "read.csv('/data/a.csv')", {"/data/a.csv"}),
        ("n.sh", "cat /data/a.csv ~/b.csv > /tmp/out", {"/data/a.csv", "~/b.csv"}),
        ("n.sh", "cat data/a.csv $X/b.csv", set()),
        ("n.yaml", "path: /data/a.csv\nother: ~/b.csv # so", {"/data/a.csv", "~/b.csv"}),
        ("n.json", '{"path": "/data/a.csv"}', {"/data/a.csv"}),
    ],
)
def test_paths(name, text, paths):
    assert mentions_of(name, text.encode()).paths == paths


@pytest.mark.parametrize(
    ("name", "text", "paths"),
    [
        ("n.py", "open('/d/log', 'a')", set()),
        ("n.py", "with open('/d/log', mode='wb') as f:\n    f.write(b'')", set()),
        ("n.py", "df.to_csv('/d/a.csv')\nplt.savefig(\n  '/d/a.png')\nprint('/d')", set()),
        ("n.py", "open('/d/a', 'r+')\nopen('/d/b', 'w+')\nopen('/d/c')", {"/d/a", "/d/b", "/d/c"}),
        ("n.py", "open('/d/log', 'a')\nopen('/d/log')", {"/d/log"}),
        ("n.sh", "echo a >> /d/log\necho b > '/d/b c'\n", set()),
        ("n.sh", "cat /d/a >/d/log\ncat < /d/b <>/d/c", {"/d/a", "/d/b", "/d/c"}),
    ],
)
def test_paths_that_are_only_written_do_not_count(name, text, paths):
    assert mentions_of(name, text.encode()).paths == paths


def test_cells_of_a_notebook():
    cells = [{"cell_type": "code", "source": "open('/data/a.csv')", "outputs": ["'/data/b.csv'"]}]
    found = mentions_of("n.ipynb", json.dumps({"cells": cells}).encode())
    assert found.paths == {"/data/a.csv"}
    assert mentions_of("n.ipynb", b"{}") == Mentions()
    assert mentions_of("n.ipynb", b'["open(\\"/data/a.csv\\")"').paths == {"/data/a.csv"}, "torn"


def test_other_notebooks():
    assert mentions_of("n.py", b"%run $name").runs_notebooks
    assert (mentions_of("n.py", b"run(f'{x}.ipynb')") | Mentions()).runs_notebooks
    assert not mentions_of("n.py", b"run(x)").runs_notebooks


@pytest.mark.parametrize(
    ("text", "datasets"),
    [
        (f"Path(os.environ['NBYARD_RESOURCES'], '{ID}', 'a.csv')", {ID}),
        ("Path(os.environ['NBYARD_RESOURCES'], name)", {ID, "other"}),
        ("open('resources/' + name)", {ID, "other"}),
        ("path = %nbyard dataset birds", {ID, "other"}),
        (f"which = '{ID}'", {ID}),
        ("open('a.csv')", set()),
    ],
)
def test_datasets(text, datasets):
    assert mentions_of("n.py", text.encode()).datasets({ID, "other"}) == datasets


def test_values_of_arguments():
    found = mentions_in({"path": "/data/a.csv", "n": 1, "name": "a.csv", "which": ID})
    assert found == Mentions(frozenset({"/data/a.csv"}), frozenset({ID}))


def test_files_that_are_looked_into():
    assert [one for one in ("a.py", "b.IPYNB", "c.csv", "d.toml", "e") if is_read_for(one)] == [
        *("a.py", "b.IPYNB", "d.toml")
    ]


def test_odd_paths():
    assert not any(map(is_counted, ("", "a", "/", "~", "~/", "/./", "/a\0b", "/dev/null")))
    assert is_counted("/a")


@given(STATES, STATES, st.frozensets(st.sampled_from(["/a", "/b"])), st.booleans())
def test_only_what_is_mentioned_counts(old, new, paths, asks):
    found = [*changes_outside(old, new, [Mentions(paths, asks_datasets=asks), Mentions()])]
    assert found == sorted(
        name
        for name in {*old, *new}
        if old.get(name) != new.get(name) and (name in paths or (asks and name.startswith(DATASET)))
    )
