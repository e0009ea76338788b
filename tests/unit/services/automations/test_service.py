"""automations.* on times: what is stored, refused, previewed and counted."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from nbyard.domain.automations.structs import (
    AutomationPatch,
    Fire,
    NewAutomation,
    TimePreviewRequest,
)
from nbyard.domain.automations.times.structs import Interval, Phrase
from nbyard.domain.callers import Caller
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound, StaleWrite
from nbyard.reasons.structs import because

DAILY = {"kind": "phrase", "text": "daily at 6"}
SENTENCE = because("due-in-zone", times=because("due-daily", time="06:00"), zone="Europe/Berlin")


@pytest.fixture
def automations(yard, root):
    (root / "report.py").write_text("print()\n")
    return yard.services.automations


@pytest.fixture
def made(automations, ann):
    return automations.create(ann, new())


def new(**body: Any) -> NewAutomation:
    run = {"path": "report.py", **body.pop("run", {})}
    return msgspec.convert(
        {"run": run, "on": DAILY, "zone": "Europe/Berlin", **body}, NewAutomation
    )


def patch(made, **body: Any) -> AutomationPatch:
    return msgspec.convert({"revision": made.revision, **body}, AutomationPatch)


def test_an_automation_is_stored_with_its_sentence(automations, ann, made, root):
    assert (made.name, made.on, made.run.path) == ("report", Phrase("daily at 6"), "report.py")
    assert made.sentence == SENTENCE
    assert made.next_due is not None and made.recent == []
    assert automations.get(ann, "report") == automations.get(ann, made.id) == made
    assert automations.list(ann).items == [made]
    assert automations.list(ann, path="report.py").items == [made]
    (root / "other.py").write_text("")
    assert automations.list(ann, path="other.py").items == []
    assert automations.list(ann, search="nothing").items == []


def test_a_automation_counts_waiting_due_times_also_behind_its_newest_ticks(
    yard, automations, ann, made
):
    assert made.waiting == 0
    with yard.store.write() as c:
        for hours in range(14):
            outcome = "waiting" if hours < 2 else "overlapped"
            due = made.next_due + timedelta(hours=hours)
            yard.store.firings.add_due(c, made, due, outcome)
    shown = automations.get(ann, made.id)
    assert shown.waiting == automations.list(ann).items[0].waiting == 2
    assert {firing.outcome for firing in shown.recent} == {"overlapped"}


def test_names_are_unique(automations, ann, made):
    assert automations.create(ann, new()).name == "report 2"
    with pytest.raises(NameTaken):
        automations.create(ann, new(name="report"))


def test_other_people_do_not_see_it(automations, made):
    eve = Caller("eve")
    assert automations.list(eve).items == []
    for call in (
        automations.get,
        lambda *args: automations.fire(*args, Fire()),
        automations.rotate,
        automations.enable,
        automations.disable,
        automations.delete,
        automations.firings,
    ):
        with pytest.raises(NotFound):
            call(eve, made.id)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"on": {"kind": "cron", "expression": "* * * *"}}, "on.expression"),
        ({"on": {"kind": "phrase", "text": "sometimes"}}, "on.text"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"at_most": 0}, "at_most"),
        ({"missed": {"most": 0}}, "missed.most"),
        ({"missed": {"window_seconds": -1}}, "missed.window_seconds"),
        ({"run": {"name": "mine"}}, "run.name"),
        ({"run": {"parameters": {"x": 1}}}, "run.parameters.x"),
        ({"run": {"runtime": "moon"}}, "run.runtime"),
        ({"name": " "}, "name"),
        ({"on": {"kind": "notebook"}, "zone": "", "values_from": {"a": "path"}}, "values_from.a"),
    ],
)
def test_bad_input_is_refused_at_its_field(automations, ann, body, path):
    with pytest.raises(Invalid) as refused:
        automations.create(ann, new(**body))
    assert path in [detail.path for detail in refused.value.details]
    assert automations.list(ann).items == []


def test_a_missing_file_is_refused(automations, ann):
    with pytest.raises(NotFound):
        automations.create(ann, new(run={"path": "gone.py"}))


def test_fields_change_one_by_one(automations, ann, made):
    changed = automations.update(ann, made.id, patch(made, overlap="queue", at_most=3))
    assert (changed.overlap, changed.at_most, changed.revision) == ("queue", 3, 2)
    assert (changed.timing, changed.on) == (made.timing, made.on)
    moved = automations.update(ann, made.id, patch(changed, zone="Asia/Tokyo"))
    assert moved.next_due.hour == 21 and moved.on == Phrase("daily at 6")
    timed = automations.update(
        ann, made.id, patch(moved, on={"kind": "interval", "seconds": 600}, name="often")
    )
    assert (timed.name, timed.on) == ("often", Interval(600))
    with pytest.raises(StaleWrite):
        automations.update(ann, made.id, patch(made, overlap="skip"))


def test_a_change_of_the_run_is_checked(automations, ann, made):
    with pytest.raises(NotFound):
        automations.update(ann, made.id, patch(made, run={"path": "gone.py"}))
    changed = automations.update(
        ann, made.id, patch(made, run={"path": "report.py", "priority": 5})
    )
    assert changed.run.priority == 5


def test_a_change_without_the_file_names_the_way_to_another_path(automations, ann, made, root):
    (root / "report.py").rename(root / "moved.py")
    for change in ({"overlap": "queue"}, {"mode": "pinned"}):
        with pytest.raises(NotFound) as refused:
            automations.update(ann, made.id, patch(made, **change))
        assert "update report --file" in refused.value.hint
    moved = automations.update(ann, made.id, patch(made, run={"path": "moved.py"}))
    assert (moved.name, moved.run.path) == ("report", "moved.py")
    pinned = automations.update(ann, made.id, patch(moved, mode="pinned"))
    (root / "moved.py").unlink()
    assert automations.update(ann, made.id, patch(pinned, overlap="queue")).overlap == "queue"


def test_a_pinned_automation_keeps_its_template(automations, ann, root, yard):
    made = automations.create(ann, new(mode="pinned"))
    with yard.store.write() as c:
        yard.store.templates.delete_unused(c)
        first = yard.store.automations.by_id(c, made.id).template_id
        assert yard.store.templates.get(c, ann.name, first) is not None
    (root / "report.py").write_text("print(2)\n")
    renamed = automations.update(ann, made.id, patch(made, name="other", mode="pinned"))
    with yard.store.read() as c:
        assert yard.store.automations.by_id(c, made.id).template_id == first
    again = automations.update(ann, made.id, patch(renamed, refreeze=True))
    with yard.store.read() as c:
        assert yard.store.automations.by_id(c, made.id).template_id != first
    follows = automations.update(ann, made.id, patch(again, mode="follows"))
    with yard.store.read() as c:
        assert yard.store.automations.by_id(c, follows.id).template_id == ""


def test_disabled_automations_have_no_due_time(automations, ann, made, yard):
    with yard.store.read() as c:
        assert yard.store.has_work(c) and not yard.store.is_busy(c)
    off = automations.disable(ann, made.id)
    assert (off.is_enabled, off.next_due) == (False, None)
    assert automations.disable(ann, made.id) == off
    with yard.store.read() as c:
        assert not yard.store.has_work(c)
    assert automations.update(ann, made.id, patch(off, overlap="queue")).next_due is None
    on = automations.enable(ann, made.id)
    assert on.is_enabled and on.next_due == made.next_due


def test_an_ended_automation_cannot_be_enabled(automations, ann, yard):
    body = new(on={"kind": "phrase", "text": "in 1 hour"}, is_enabled=False, at_most=1)
    made = automations.create(ann, body)
    with yard.store.write() as c:
        yard.store.automations.change(c, made, "changed", started_count=1)
    with pytest.raises(Conflict):
        automations.enable(ann, made.id)


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_run_now_is_a_run_of_the_schedule(automations, ann, yard, mode):
    made = automations.create(ann, new(mode=mode))
    fired = automations.fire(ann, made.id, Fire())
    (run,) = yard.services.runs.list(ann, automation=made.id).items
    assert (run.origin.kind, run.origin.id, run.origin.due_at) == ("automation", made.id, None)
    assert (fired.run_id, fired.outcome, run.origin.person) == (run.id, "started", "ann")
    assert [one.id for one in automations.firings(ann, made.id).items] == [fired.id]
    assert automations.get(ann, made.id).counts.started == 0


def test_a_deleted_automation_keeps_its_runs(automations, ann, made, yard):
    run_id = automations.fire(ann, made.id, Fire()).run_id
    automations.delete(ann, made.id)
    with pytest.raises(NotFound):
        automations.get(ann, made.id)
    assert yard.services.runs.get(ann, run_id).run.id == run_id


def test_a_preview_writes_nothing(automations, ann, yard):
    with yard.store.read() as c:
        before = yard.store.events.newest_id(c)
    body = msgspec.convert({"on": DAILY, "zone": "Europe/Berlin"}, TimePreviewRequest)
    seen = automations.preview(ann, body)
    assert seen.text == str(SENTENCE)
    assert len(seen.next) == 5 and all("T06:00:00" in one.local for one in seen.next)
    with yard.store.read() as c:
        assert yard.store.events.newest_id(c) == before
    assert len(automations.preview(ann, msgspec.structs.replace(body, at_most=2)).next) == 2
    with pytest.raises(Invalid):
        automations.preview(ann, msgspec.structs.replace(body, count=0))


def test_a_preview_counts_started_runs_of_its_schedule(automations, ann, yard):
    made = automations.create(ann, new(at_most=3))
    body = msgspec.convert(
        {"on": DAILY, "zone": "Europe/Berlin", "at_most": 3, "automation": made.id},
        TimePreviewRequest,
    )
    assert len(automations.preview(ann, body).next) == 3
    with yard.store.write() as c:
        yard.store.automations.change(c, automations.get(ann, made.id), "changed", started_count=2)
    seen = automations.preview(ann, body)
    assert len(seen.next) == 1 and seen.ended is None
    seen = automations.preview(ann, msgspec.structs.replace(body, at_most=2))
    assert seen.next == [] and "2 of at most 2" in str(seen.ended)
    with pytest.raises(NotFound):
        automations.preview(ann, msgspec.structs.replace(body, automation="gone"))


def test_events_follow_each_change(automations, ann, made, yard):
    automations.disable(ann, made.id)
    automations.delete(ann, made.id)
    told = [event for event in yard.services.events.list(ann).items if event.topic == "automation"]
    assert [event.data["change"] for event in told] == ["created", "disabled", "deleted"]
