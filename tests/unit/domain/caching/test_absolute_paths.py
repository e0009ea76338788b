"""Absolute paths that code names."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.caching.absolute_paths import absolute_paths, names_outside, path_texts_in
from nbyard.domain.caching.probed_names import texts_of

HEAD = "import os\nfrom pathlib import Path\n"


def named(filename: str, text: str, **more: Any) -> set[str]:
    return {*absolute_paths(path_texts_in(filename, text.encode(), **more), "/home/ada")}


@pytest.mark.parametrize(
    ("name", "text", "paths"),
    [
        ("n.py", "open('/data/a.csv')", {"/data/a.csv"}),
        ("n.py", 'pd.read_csv("~/my data/a.csv")', {"/home/ada/my data/a.csv", "/home/ada/my"}),
        ("n.py", "read('file:///data/a.csv')", {"/data/a.csv"}),
        ("n.py", "run('cat /data/a.csv | wc')\n!cat ~/b", {"/data/a.csv", "/home/ada/b"}),
        ("n.py", "glob('/data/*/a.csv')", {"/data"}),
        ("n.py", "glob('/data/20?6/a.csv')", {"/data"}),
        ("n.py", "open(f'/data/{year}/a.csv')", {"/data"}),
        ("n.py", "open('/data/%d.csv' % year)", {"/data"}),
        ("n.py", "open('/data/part' + n)", {"/data/part"}),
        ("n.py", "open('a/b.csv'); x = a / b; y = '//host/x', '/', 'http://a.b/c'", set()),
        ("n.py", "open('/proc/meminfo'), open('/usr/lib/x'), '/bin/sh', '/dev/null'", set()),
        ("n.py", "'/v/lib/python3/site-packages/x/a.csv'", set()),
        ("n.py", "open('/dev/shm/a'), '/usr/share/a'", {"/dev/shm/a", "/usr/share/a"}),
        ("n.py", "not (python '/data/a.csv'", {"/data/a.csv"}),
        ("n.R", "x <- read.csv('/data/a.csv')", {"/data/a.csv"}),
        ("n.sh", "cat /data/a ~/b >> /log; X=/c; ls $HOME/d ${HOME}/e a/b $X/f", {
            *("/data/a", "/home/ada/b", "/log", "/c", "/home/ada/d", "/home/ada/e"),
        }),
        ("n.yaml", "path: /data/a.csv\nothers: [~/b.csv, /c]\n", {
            *("/data/a.csv", "/home/ada/b.csv", "/c"),
        }),
        ("n.json", '{"path": "/data/a.csv"}', {"/data/a.csv"}),
        ("n.bin", "\0 '/data/a.csv'", set()),
    ],
)  # fmt: skip
def test_literal_paths(name: str, text: str, paths: set[str]) -> None:
    assert named(name, text) == paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("open(Path.home() / 'a' / 'b.csv')", {"/home/ada/a/b.csv"}),
        ("HOME = Path.home()\nDATA = HOME / 'd'\nopen(DATA / 'a')", {"/home/ada/d/a"}),
        ("open(os.path.join(os.path.expanduser('~'), 'a', 'b'))", {"/home/ada/a/b"}),
        ("open(f'{Path.home()}/a')", {"/home/ada/a"}),
        ("open(Path('~/a').expanduser().joinpath('b'))", {"/home/ada/a/b", "/home/ada/a"}),
        ("open(os.environ['HOME'] + '/a')", {"/home/ada/a", "/a"}),
        ("open(os.environ.get('HOME', '') + '/a')", {"/home/ada/a", "/a"}),
        ("ROOT: str = '/data'\nopen(os.path.join(ROOT, 'a'))", {"/data/a"}),
        (
            "a, b = '/x', '/y'\nFILES = ['/data/a', '/data/b']\nf(FILES)",
            {"/x", "/y", "/data/a", "/data/b"},
        ),
    ],
)
def test_composed_paths(text: str, paths: set[str]) -> None:
    assert named("n.py", HEAD + text, is_own=True) - {"/home/ada"} == paths


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("open(f'{D}/a')", False),
        ("open(os.path.join(D, 'a'))", False),
        ("open(f'{D}/{n}')", True),
        ("os.listdir(D)", True),
        ("load(D)", True),
        ("open(D + name)", True),
        ("!cat {D}/a", True),
        ("D = '/other'\nopen(f'{D}/a')", True),
    ],
)
def test_a_folder_counts_if_any_of_its_files_may_be_used(text: str, is_whole: bool) -> None:
    """Folders that are only the beginning of known paths do not; nodes often share them."""
    code = f"{HEAD}D = '/data'\n{text}"
    assert ("/data" in named("n.py", code, is_own=True)) == is_whole
    assert "/data" in named("n.py", code), "others may import it"


@pytest.mark.parametrize("text", ["P.parent / n", "P.with_suffix('.b')", "os.path.dirname(P)"])
def test_a_path_next_to_another_one(text: str) -> None:
    assert named("n.py", f"{HEAD}P = Path('/data/a')\nopen({text})") == {"/data", "/data/a"}


def test_values_from_outside() -> None:
    text = "base = '/default'\nopen(base + '/a')"
    given = {"base": "/given", "n": [1]}
    assert named("n.py", text, variables=given, is_own=True) == {"/default", "/given/a", "/a"}
    assert [*texts_of({"a": ["x", 1], "b": {"c": "y"}, "d": None})] == ["x", "y"]
    assert names_outside(["a", ["/data"]]) and names_outside(["~/a"])
    assert not names_outside(["a/b", "/", 1, "//x"])


def test_cells_of_a_notebook() -> None:
    cells = [
        {"cell_type": "code", "source": "open('/data/a.csv')", "outputs": ["'/data/b.csv'"]},
        {"cell_type": "markdown", "source": "'/data/c.csv'"},
    ]
    assert named("n.ipynb", json.dumps({"cells": cells})) == {"/data/a.csv"}
    assert named("n.ipynb", '["open(\\"/data/a.csv\\")"') >= {"/data/a.csv"}, "torn"


@pytest.mark.parametrize(
    "text",
    [
        "root = Path('/data')\nroot /= name\nopen(root / 'a.csv')",
        "root = '/data'\nroot += name\nopen(root + '/a.csv')",
        "root = Path('/data')\nfor root in more:\n    open(root / 'a.csv')",
    ],
)
def test_a_folder_whose_name_is_bound_again_counts(text: str) -> None:
    assert "/data" in path_texts_in("n.py", text.encode(), is_own=True)


def test_half_a_character_is_no_path() -> None:
    assert absolute_paths(["/\ud800", "/data"], "/home/ann") == ["/data"]


@given(st.text(), st.sampled_from(["n.py", "n.ipynb", "n.sh", "n.yaml"]))
def test_any_text_can_be_read(text: str, name: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    assert all(
        path.startswith("/") for path in absolute_paths(path_texts_in(name, content), "/home/ada")
    )
