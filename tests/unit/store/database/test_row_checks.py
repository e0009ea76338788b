"""What columns of rows from elsewhere may hold; whole backups are in `backup`."""

import pytest

from nbyard.domain.ids import new_id
from nbyard.store.database.row_checks import checks_of
from nbyard.store.schema.tables import artifacts, attempts, datasets, runs

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("table", "column", "valid", "invalid"),
    [
        (datasets, "id", [new_id()], ["", "../x", None, 1]),
        (datasets, "name", ["sales", "été"], ["", " ", "a\x1b[2J", "\x85"]),
        (datasets, "revision", [0, 2**63 - 1], [2**63, "1", True, 1.0]),
        (datasets, "created_at", [0, 1.5, -1e9], [1e300, "0", None, True]),
        (attempts, "worker", ["", new_id()], ["..", "a"]),
        (attempts, "usage", ["{}", "null"], ["{", "", {}, "\0"]),
        (runs, "name", ["nightly", None], [""]),
        (runs, "kept", [True, False], [0, "true"]),
        (runs, "finished_at", [None, 0], ["x"]),
        (artifacts, "digest", [DIGEST, f"tree:{'a' * 64}", ""], ["sha256:1", DIGEST.upper()]),
        (artifacts, "filename", ["a.csv", ""], ["../a", "/a", "a/b", "..", "a\nb"]),
    ],
)
def test_values_of_columns(table, column, valid, invalid):
    check = checks_of(table)[column]
    assert [value for value in valid if not check(value)] == []
    assert [value for value in invalid if check(value)] == []
