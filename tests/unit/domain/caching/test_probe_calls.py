"""Words that open files, and texts that become names of files."""

import pytest

from nbyard.domain.caching.probed_names import QUIET, TEMPLATE, is_probe


def test_words():
    opening = ("open", "Open", "read_csv", "ReadImage", "scan_csv", "load", "exists", "OSFile")
    assert all(map(is_probe, opening))
    assert not any(map(is_probe, ("loads", "OpenAI", "Dataframe", "group", "reduce", "")))


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        *((one, True) for one in ("p%d.csv", "%(n)s.txt", "a_{}.csv", "{n:02}-x.parquet", "$x.db")),
        *((one, True) for one in ("d/%Y-%m-%d.csv", "from '{}.csv' where")),
        *((one, False) for one in ("a.csv", "%d of %d. Then", "{x}.mean()", "{x}.y = 1", "100%")),
    ],
)
def test_texts_that_become_names(text, is_name):
    assert (TEMPLATE.search(text) is not None) is is_name


def test_words_that_only_write():
    assert all(map(QUIET.fullmatch, ("print", "to_csv", "write_text", "savefig", "ValueError")))
    assert not any(map(QUIET.fullmatch, ("set_path", "printer", "read", "total", "log_artifact")))
