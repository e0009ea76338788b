"""automations.* on events: what is stored, refused, changed and fired."""

import msgspec
import pytest

from nbyard.domain.automations.structs import AutomationPatch, Fire, NewAutomation
from nbyard.errors import Conflict, Invalid, NotFound, StaleWrite
from nbyard.reasons.structs import because
from nbyard.services.automations import service
from nbyard.services.automations.event_sources import event_source

NOTEBOOK = {"kind": "notebook"}


def patch(made, **body):
    return msgspec.convert({"revision": made.revision, **body}, AutomationPatch)


def field_of(refused):
    return refused.value.details[0].path


def test_a_automation_is_stored_with_its_sentence(automations, ann):
    made = automations.after("train.py", "report.py")
    assert (made.name, made.run.path, made.on.path) == ("report", "report.py", "train.py")
    assert made.sentence == because("fires-after-success", path="train.py")
    service = automations.service
    assert service.get(ann, "report") == service.get(ann, made.id) == made
    assert service.list(ann).items == service.list(ann, path="report.py").items == [made]
    assert service.list(ann, path="train.py").items == []
    assert service.list(ann, search="nothing").items == []


def test_the_same_key_creates_one_automation_and_shows_its_secret_once(automations, ann):
    body = msgspec.convert({"run": {"path": "report.py"}, "on": {"kind": "webhook"}}, NewAutomation)
    made = automations.service.create(ann, body, "key")
    again = automations.service.create(ann, body, "key")
    assert made.id == again.id and made.secret and not again.secret
    assert made.address == f"nbyard/api/hooks/{made.id}"


def test_values_of_events_are_checked(automations):
    files = {"kind": "file", "path": "inbox"}
    (automations.root / "inbox").mkdir()
    made = automations.create(files, "tool.py", values_from={"source": "path", "times": "count"})
    assert made.values_from == {"source": "path", "times": "count"}
    for references, field in (
        ({"source": "path", "times": "change"}, "values_from.times"),
        ({"source": "path", "other": "path"}, "values_from.other"),
        ({"source": "paths"}, "values_from.source"),
    ):
        run = {"parameters": {"source": "train.py"}}
        with pytest.raises(Invalid) as refused:
            automations.create(files, "tool.py", values_from=references, run=run)
        assert field_of(refused) == field


def test_the_input_of_a_pinned_executable_is_no_value_of_events(automations):
    on, run = {"kind": "webhook"}, {"parameters": {"source": "train.py"}}
    with pytest.raises(Invalid) as refused:
        values = {"source": "body.file"}
        automations.create(on, "tool.py", values_from=values, mode="pinned", run=run)
    assert field_of(refused) == "values_from.source"
    values = {"times": "body.times"}
    assert (
        automations.create(on, "tool.py", values_from=values, mode="pinned", run=run).mode
        == "pinned"
    )


def test_a_change_keeps_what_is_omitted(automations, ann, yard):
    made = automations.after("train.py", "report.py")
    changed = automations.service.update(ann, made.id, patch(made, overlap="skip", name="daily"))
    assert (changed.overlap, changed.name, changed.on) == ("skip", "daily", made.on)
    assert changed.revision == made.revision + 1
    with pytest.raises(StaleWrite):
        automations.service.update(ann, made.id, patch(made, overlap="queue"))
    with pytest.raises(Invalid) as refused:
        automations.service.update(ann, made.id, patch(changed, on=NOTEBOOK))
    assert field_of(refused) == "on.kind"
    with yard.store.read() as c:
        since = yard.store.automations.by_id(c, made.id).since_event
    on = {"kind": "run", "path": "load.py", "outcome": "either"}
    again = automations.service.update(ann, made.id, patch(changed, on=on))
    assert again.sentence == because("fires-after-end", path="load.py")
    with yard.store.read() as c:
        assert yard.store.automations.by_id(c, made.id).since_event > since


def test_an_unchanged_event_loses_nothing(automations, ann, yard):
    (automations.root / "inbox").mkdir()
    made = automations.create({"kind": "file", "path": "inbox"})
    (automations.root / "inbox" / "a").write_text("1")
    automations.service.update(ann, made.id, patch(made, on={"kind": "file", "path": "inbox"}))
    with yard.store.read() as c:
        assert yard.store.automations.stored_files(c, made.id)[1] == {}


def test_a_disabled_automation_drops_its_events(automations, ann, yard):
    made = automations.create(NOTEBOOK)
    assert automations.service.fire(ann, made.id, Fire({})).outcome == "waiting"
    off = automations.service.disable(ann, made.id)
    assert not off.is_enabled and off.recent[0].outcome == "overlapped"
    assert automations.service.disable(ann, made.id) == off
    with yard.store.read() as c:
        assert not yard.store.has_work(c)
    with pytest.raises(Conflict):
        automations.service.fire(ann, made.id, Fire())
    on = automations.service.enable(ann, made.id)
    assert on.is_enabled and automations.service.enable(ann, made.id) == on


def test_firing_needs_the_values_of_the_event(automations, ann):
    run = {"parameters": {"source": "train.py"}}
    made = automations.create(
        {"kind": "webhook"}, "tool.py", values_from={"times": "body.n"}, run=run
    )
    with pytest.raises(Invalid) as refused:
        automations.service.fire(ann, made.id, Fire())
    assert field_of(refused) == "parameters.times"
    assert automations.service.fire(ann, made.id, Fire({"times": 3})).outcome == "waiting"
    assert automations.service.fire(ann, made.id, Fire(texts={"times": "4"})).outcome == "waiting"


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_firing_refuses_values_that_its_code_cannot_take(automations, ann, mode):
    run = {"parameters": {"source": "train.py", "times": 1}}
    made = automations.create({"kind": "webhook"}, "tool.py", run=run, mode=mode)
    for given in (Fire({"tiems": 3}), Fire(texts={"tiems": "3"}), Fire(texts={"times": "three"})):
        with pytest.raises(Invalid) as refused:
            automations.service.fire(ann, made.id, given)
        assert field_of(refused).startswith("parameters.ti")
    assert automations.service.get(ann, made.id).recent == []
    assert automations.service.fire(ann, made.id, Fire({"times": 3})).outcome == "waiting"


def test_a_repeated_request_is_answered_after_its_file_is_gone(automations, ann):
    run = {"parameters": {"source": "train.py", "times": 1}}
    made = automations.create(NOTEBOOK, "tool.py", run=run)
    tool = automations.root / "tool.py"
    tool.write_text(tool.read_text() + "\n# edited since the automation was saved\n")
    first = automations.service.fire(ann, made.id, Fire({"times": 2}), "key")
    tool.unlink()
    assert automations.service.fire(ann, made.id, Fire({"times": 2}), "key") == first
    with pytest.raises(Conflict):
        automations.service.fire(ann, made.id, Fire({"tiems": 2}), "key")
    with pytest.raises(NotFound):
        automations.service.fire(ann, made.id, Fire({"times": 2}), "another")


def test_a_key_fires_once(automations, ann):
    made = automations.create(
        NOTEBOOK, "tool.py", run={"parameters": {"source": "train.py", "times": 1}}
    )
    first = automations.service.fire(ann, made.id, Fire(), "key")
    assert automations.service.fire(ann, made.id, Fire(), "key") == first
    with pytest.raises(Conflict):
        automations.service.fire(ann, made.id, Fire({"times": 2}), "key")
    other = automations.create(NOTEBOOK)
    assert automations.service.fire(ann, other.id, Fire(), "key").automation_id == other.id
    assert automations.service.fire(ann, made.id, Fire()).id != first.id
    assert len(automations.service.firings(ann, made.id).items) == 2


def test_a_secret_is_replaced(automations, ann, yard):
    made = automations.create({"kind": "webhook"})
    again = automations.service.rotate(ann, made.id)
    assert again.secret.startswith("whsec_") and again.secret != made.secret
    with yard.store.read() as c:
        row = yard.store.automations.by_id(c, made.id)
    assert yard.store.automation_secrets.secret(row) == again.secret
    with pytest.raises(Conflict):
        automations.service.rotate(ann, automations.create(NOTEBOOK).id)


def test_enabling_overwrites_no_simultaneous_change(automations, ann, monkeypatch):
    made = automations.after("train.py", "report.py", is_enabled=False)

    def changed_meanwhile(*args):
        monkeypatch.setattr(service, "event_source", event_source)
        automations.service.update(ann, made.id, patch(made, on={"kind": "run", "path": "load.py"}))
        return event_source(*args)

    monkeypatch.setattr(service, "event_source", changed_meanwhile)
    with pytest.raises(StaleWrite):
        automations.service.enable(ann, made.id)
    assert automations.service.get(ann, made.id).on.path == "load.py"


def test_a_loop_that_arose_later_does_not_prevent_other_changes(automations, ann, monkeypatch):
    made = automations.after("train.py", "report.py")
    monkeypatch.setattr(service, "LoopCheck", lambda *_: pytest.fail("it checked for loops"))
    changed = automations.service.update(ann, made.id, patch(made, overlap="skip", name="renamed"))
    assert (changed.name, changed.overlap) == ("renamed", "skip")
