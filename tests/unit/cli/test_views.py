"""What answers look like for people."""

from click.testing import CliRunner

from nbyard.cli.views import VIEWS
from nbyard.domain.tables import Column, ColumnProfile, Profile, TablePage, TopValue


def shown(view: str, answer: object) -> list[list[str]]:
    with CliRunner().isolation() as (out, _, _):
        VIEWS[view](answer)
        return [line.split() for line in out.getvalue().decode().splitlines()]


def test_rows_have_their_types():
    columns = [Column("x", "int"), Column("name", "string")]
    page = TablePage(columns, 0, 2, [[1, "a"], [None, "b" * 99]])
    head, first, second = shown("datasets.preview", page)
    assert head == ["x", "(int)", "name", "(string)"]
    assert first == ["1", "a"]
    assert second == ["b" * 39 + "…"]


def test_a_profile_is_a_line_for_each_column():
    column = ColumnProfile("x", "int", 3, 1, 2, 0, 9, 4.5, top=[TopValue(9, 2)])
    _, line = shown("datasets.profile", Profile(4, False, [column], 4))
    assert line == ["x", "int", "3", "1", "2", "0", "4.5", "9", "9", "2"]
