"""Tables as they travel: what is written as JSON is read back the same."""

import msgspec

from nbyard.domain.tables import (
    Column,
    ColumnProfile,
    Histogram,
    Profile,
    TableInfo,
    TablePage,
    TopValue,
)


def test_info_page_and_profile_survive_json() -> None:
    columns = [Column("n", "int"), Column("w", "string", nullable=False)]
    number = ColumnProfile(
        "n", "int", 3, 1, 3, 1, 9, 4.5, 2.0, {"p50": 4.0}, Histogram([0.5, 9.5], [3])
    )
    word = ColumnProfile("w", "string", 4, 0, 2, "a", "b", top=[TopValue("a", 3)])
    for value in (
        TableInfo("csv", None, columns, 2, ",", "utf-8", warnings=["line 3 …"]),
        TablePage(columns, 5, None, [[1, "a"], [None, "b"]]),
        Profile(4, True, [number, word], 400),
    ):
        assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value
