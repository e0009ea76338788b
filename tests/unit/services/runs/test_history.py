"""Runs are found by text, state, workflow, executable, time and person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert
from tests.support.refusals import refused_at

from nbyard.domain.automations.structs import AutomaticRun, Fire, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.domain.ids import first_id_at, new_id
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound
from nbyard.store.schema.tables import runs

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def days(yard):
    """Run number N was created on day N of March."""
    rows = []
    for number in range(1, 11):
        at = START + timedelta(days=number - 1)
        texts = ("path", "workflow_id", "workflow_version_id")
        row: dict[str, Any] = dict.fromkeys(texts, "")
        row |= {"id": f"{first_id_at(at)[:13]}{new_id()[13:]}", "number": number, "owner": "ann"}
        row |= {"name": None, "title": f"Day {number}", "runtime": "process", "reason": None}
        row |= {"state": "failed" if number % 2 else "succeeded", "created_at": at}
        rows.append(row | {"parameters": {}, "edges": []})
    with yard.context.store.write() as c:
        c.execute(insert(runs), rows)


def numbers(yard, caller, **given):
    return [run.number for run in yard.services.runs.list(caller, **given).items]


def test_a_range_of_time(yard, ann, days):
    assert numbers(yard, ann, since="2026-03-08T00:00+00:00") == [10, 9, 8]
    assert numbers(yard, ann, until="2026-03-03T00:00+00:00") == [2, 1]
    between = {"since": "2026-03-04T00:00Z", "until": "2026-03-07T00:00Z"}
    assert numbers(yard, ann, **between) == [6, 5, 4]
    assert numbers(yard, ann, **between, state="failed") == [5]
    assert numbers(yard, ann, **between, search="DAY 6") == [6]
    assert numbers(yard, Caller("bob"), **between) == []


def test_pages_of_a_range(yard, ann, days):
    given = {"since": "2026-03-04T00:00Z", "until": "2026-03-09T00:00Z", "limit": 2}
    seen, after = [], ""
    while after is not None:
        page = yard.services.runs.list(ann, after=after, **given)
        seen += [run.number for run in page.items]
        after = page.next
    assert seen == [8, 7, 6, 5, 4]


def test_a_date_is_in_the_time_zone_of_the_server(yard, ann, days):
    zone = datetime(2026, 3, 5).astimezone().isoformat()
    assert numbers(yard, ann, since="2026-03-05") == numbers(yard, ann, since=zone)


@pytest.mark.parametrize("field", ["since", "until"])
@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "0001-01-01T00:00+23:00x"])
def test_an_invalid_time_is_refused(yard, ann, field, text):
    with refused_at(field):
        yard.services.runs.list(ann, **{field: text})


def test_an_executable_with_other_filters(yard, ann, root, tool, finished):
    (root / "data.csv").write_text("a\n")
    first = finished(path=tool, texts={"source": "data.csv"})
    (root / "other.sh").write_text("true")
    finished(path="other.sh")
    executable = first.tasks[0].executable_id
    assert numbers(yard, ann, executable=executable, state="succeeded") == [first.run.number]
    assert numbers(yard, ann, executable=tool, state="failed") == []
    assert numbers(yard, ann, executable=tool, search="tool") == [first.run.number]
    with pytest.raises(NotFound):
        numbers(yard, ann, executable="fog")
    with pytest.raises(Invalid):
        numbers(yard, ann, state="fog")


def test_the_runs_of_a_schedule_are_found_by_its_name_or_id(yard, ann, root, days):
    (root / "a.py").write_text("print()\n")
    new = NewAutomation(AutomaticRun(path="a.py"), Phrase("daily at 6"), "morning")
    made = yard.services.automations.create(ann, new)
    run_id = yard.services.automations.fire(ann, "morning", Fire()).run_id
    run = yard.services.runs.get(ann, run_id).run
    for key in ("morning", made.id):
        assert numbers(yard, ann, automation=key) == [run.number]
    yard.services.automations.delete(ann, "morning")
    assert numbers(yard, ann, automation=made.id) == [run.number]
    with pytest.raises(NotFound, match="automation 'morning'"):
        numbers(yard, ann, automation="morning")


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_the_runs_that_a_person_submitted(yard, ann, root):
    """People on one server share its runs, and each run records who submitted it."""
    (root / "a.py").write_text("print()\n")
    bob = msgspec.structs.replace(ann, person="bob")
    runs, automations = yard.services.runs, yard.services.automations
    automations.create(
        ann, NewAutomation(AutomaticRun(path="a.py"), Phrase("daily at 6"), "morning")
    )
    first = runs.create(ann, NewRun(path="a.py"))
    of_bob = [
        runs.create(bob, NewRun(path="a.py")),
        runs.get(bob, automations.fire(bob, "morning", Fire()).run_id).run,
        runs.check_sample(bob, NewCheckRun(path="a.py")),
    ]
    assert numbers(yard, ann, person="ann") == [first.number]
    numbered = sorted((run.number for run in of_bob if run.number > 0), reverse=True)
    assert numbers(yard, ann, person="bob") == numbered
    assert numbers(yard, ann, person="bob", origin="check") == [of_bob[2].number]
    assert numbers(yard, ann, person="eve") == []


def test_runs_are_found_by_their_tags(yard, ann, days):
    runs = yard.services.runs
    runs.tag(ann, "3,5,7", add="paper,größe/2")
    tagged = runs.tag(ann, "5", add="paper", remove="größe/2,none").items
    assert [(run.number, run.tags) for run in tagged] == [(5, ["paper"])]
    assert numbers(yard, ann, tag="paper") == [7, 5, 3]
    assert numbers(yard, ann, tag="größe/2", state="failed") == [7, 3]
    assert numbers(yard, ann, tag="pape") == numbers(yard, ann, tag="%") == []
    assert numbers(yard, ann, search="APER") == [7, 5, 3]
    assert runs.get(ann, "7").run.tags == ["größe/2", "paper"]
    runs.tag(ann, "3,5,7", remove="paper,größe/2")
    assert numbers(yard, ann, tag="paper") == numbers(yard, ann, search="paper") == []


def test_all_runs_get_their_tags_or_none(yard, ann, days):
    with pytest.raises(NotFound):
        yard.services.runs.tag(ann, "3,none", add="paper")
    with pytest.raises(NotFound):
        yard.services.runs.tag(Caller("bob"), "3", add="paper")
    assert numbers(yard, ann, tag="paper") == []


@pytest.mark.parametrize("tag", ["two words", "-a", "a\n", "x" * 61])
def test_a_tag_is_one_word(yard, ann, days, tag):
    with refused_at("add"):
        yard.services.runs.tag(ann, "3", add=tag)
