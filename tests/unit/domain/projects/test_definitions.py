"""The file nbyard.toml, its entries, and their differences."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbyard.domain.automations.times.structs import Missed
from nbyard.domain.projects.definitions import (
    Entries,
    EnvironmentEntry,
    FieldChange,
    ProjectChange,
    differences,
    mismatch_place,
    push_name,
    read_definition,
)
from nbyard.errors import Invalid

DOCS = Path(__file__).resolve().parents[4] / "docs/how-to/projects.md"
EIGHT = datetime.fromisoformat("2026-12-01T08:00")  # without a zone, as in the file
ENTRY = b"[project]\nname = 'a'\n[schedules.x]\nwhen = ''\n"
WHOLE = b"""
[project]
name = "wine"
metadata = {team = "cellar"}
[schedules.morning]
path = "quality.nbflow"
when = "weekdays 8:00"
parameters = {n = 2}
starts_at = 2026-12-01T08:00:00
[schedules.morning.missed]
policy = "all"
[environments.analysis]
requirements = ["polars>=1"]
"""


def test_a_complete_file_is_read():
    found = read_definition(WHOLE)
    assert found.project.metadata == {"team": "cellar"}
    morning = found.schedules["morning"]
    assert (morning.parameters, morning.missed) == ({"n": 2}, Missed("all"))
    assert morning.starts_at == EIGHT
    assert found.environments == {"analysis": EnvironmentEntry(["polars>=1"])}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "nbyard.toml: .*project"),
        (b"[project]", "nbyard.toml: project.name: .*missing"),
        (b"[project]\nname = 1", "nbyard.toml: project.name: Expected"),
        (
            b"[project]\nname = 'a'\n[schedule.x]\nwhen = ''",
            "nbyard.toml: schedule: .*did you mean schedules",
        ),
        (b"[project]\nname = 'a'\n[[schedules]]\nwhen = ''", "nbyard.toml: schedules: .*array"),
        (
            b"[project]\nname = 'a'\n[schedules.x]\npath = ''",
            "nbyard.toml: schedules.x.when: .*missing",
        ),
        (ENTRY + b"wen = 'daily'", "nbyard.toml: schedules.x.wen: .*did you mean when"),
        (ENTRY + b"overlap = 'no'", "nbyard.toml: schedules.x.overlap: .*'no'"),
        (ENTRY + b"\n# note\nat_most = 'a'", "nbyard.toml: schedules.x.at_most: Expected"),
        (ENTRY + b"notify = 'team'", "nbyard.toml: schedules.x.notify: .*object"),
        (ENTRY + b"notify.team = ['late']", "nbyard.toml: schedules.x.notify.team.0: .*'late'"),
        (ENTRY + b"[schedules.'a b']\nwhen = 1", "nbyard.toml: schedules.a b.when: Expected"),
        (ENTRY + b"[retention.r]\nkep = 1", "nbyard.toml: retention.r.kep: .*did you mean keep"),
        (
            ENTRY + b"[[notifications.t]]\n[[notifications.t]]\nevents = [\n'fail']",
            "nbyard.toml: notifications.t.1.events.0: .*'fail'",
        ),
        (b"[project\nname = 'a'", "line 1"),
        (b"[project]\nname = 'a'\nname = 'b'", "overwrite"),
        (b"\xff", "byte 0"),
        (b"a = " + b"[" * 5000, "nested|recursion|TOML"),
        (b"#" * (2 << 20), "MiB"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text, words):
    with pytest.raises(Invalid, match=f"(?i){words}") as refused:
        read_definition(text)
    assert refused.value.details[0].path.startswith("nbyard.toml")


def test_a_byte_order_mark_is_skipped():
    assert read_definition(b"\xef\xbb\xbf" + WHOLE) == read_definition(WHOLE)


def test_false_removes_times_and_limits():
    """TOML has no null."""
    text = b"[project]\nname='a'\n[schedules.x]\nwhen=''\nends_at=false\nat_most=false"
    found = read_definition(text).schedules["x"]
    assert (found.starts_at, found.ends_at, found.at_most) == (msgspec.UNSET, None, None)
    for wrong in (b"ends_at=true", b"overlap=false"):
        with pytest.raises(Invalid):
            read_definition(b"[project]\nname='a'\n[schedules.x]\nwhen=''\n" + wrong)


def test_differences():
    a, b = EnvironmentEntry(["a"]), EnvironmentEntry(["b"])
    wanted: Entries = {"environment": {"new": a, "same": a, "other": b}}
    present: dict[str, Any] = {"same": a, "other": a}
    changes = [
        ProjectChange("add", "environment", "new"),
        ProjectChange(
            "change", "environment", "other", {"requirements": FieldChange(["a"], ["b"])}
        ),
    ]
    assert [*differences(wanted, {"environment": present})] == changes
    deleted = ProjectChange("delete", "environment", "old")
    found = differences(wanted, {"environment": {"old": a, **present}})
    assert sorted(found, key=str) == sorted([*changes, deleted], key=str)
    assert [*differences(wanted, wanted)] == []


def test_the_folder_of_a_push_is_named_by_its_digest():
    assert push_name(f"tree:{'ab' * 32}") == "ab" * 8


def test_the_example_of_the_docs_removes_nothing():
    page = DOCS.read_text()
    found = read_definition(page.partition("```toml\n")[2].partition("```")[0].encode())
    for entry in found.schedules.values():
        given = {name: getattr(entry, name) for name in entry.__struct_fields__}
        assert not [name for name, value in given.items() if value in (None, "", {})]


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("Expected `str`, got `int` - at `$.project.name`", "project.name"),
        ("Invalid enum value 'a' - at `$.x.y[0].events[12]`", "x.y.0.events.12"),
        ("Object contains unknown field `a` - at `$.x`", "x.a"),
        ("Object missing required field `project`", "project"),
        ("Expected `object`, got `array`", ""),
    ],
)
def test_the_place_of_a_mismatch(message, place):
    assert mismatch_place(message) == (place, message.partition(" - at")[0])
