"""triggers.*: what is stored, refused, changed and fired."""

import msgspec
import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.triggers.structs import Fire, NewTrigger, TriggerPatch
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound, StaleWrite
from nbyard.services.triggers import service
from nbyard.services.triggers.event_sources import event_source

NOTEBOOK = {"kind": "notebook"}


def patch(made, **body):
    return msgspec.convert({"revision": made.revision, **body}, TriggerPatch)


def field_of(refused):
    return refused.value.details[0].path


def test_a_trigger_is_stored_with_its_sentence(triggers, ann):
    made = triggers.after("train.py", "report.py")
    assert (made.name, made.run.path, made.on.path) == ("report", "report.py", "train.py")
    assert str(made.sentence) == "A run of train.py succeeded"
    service = triggers.service
    assert service.get(ann, "report") == service.get(ann, made.id) == made
    assert service.list(ann).items == service.list(ann, path="report.py").items == [made]
    assert service.list(ann, path="train.py").items == []
    assert service.list(ann, search="nothing").items == []


def test_names_are_unique(triggers):
    triggers.create(NOTEBOOK)
    assert triggers.create(NOTEBOOK).name == "report 2"
    with pytest.raises(NameTaken):
        triggers.create(NOTEBOOK, name="report")


def test_other_people_do_not_see_it(triggers):
    eve, service, made = Caller("eve"), triggers.service, triggers.create(NOTEBOOK)
    assert service.list(eve).items == []
    for call in (service.get, service.enable, service.disable, service.delete, service.firings):
        with pytest.raises(NotFound):
            call(eve, made.id)
    with pytest.raises(NotFound):
        service.fire(eve, made.id, Fire())
    with pytest.raises(NotFound):
        service.rotate(eve, made.id)


def test_the_same_key_creates_one_trigger_and_shows_its_secret_once(triggers, ann):
    body = msgspec.convert({"run": {"path": "report.py"}, "on": {"kind": "webhook"}}, NewTrigger)
    made = triggers.service.create(ann, body, "key")
    again = triggers.service.create(ann, body, "key")
    assert made.id == again.id and made.secret and not again.secret
    assert made.address == f"nbyard/api/hooks/{made.id}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"path": "none.py"}, ""),
        ({"run": {"name": "mine"}}, "run.name"),
        ({"run": {"parameters": {"x": 1}}}, "run.parameters.x"),
        ({"name": "a/b"}, "name"),
        ({"values_from": {"a": "path"}}, "values_from.a"),
    ],
)
def test_refused_fields_are_named(triggers, body, field):
    error = Invalid if field else NotFound
    with pytest.raises(error) as refused:
        triggers.create(NOTEBOOK, **body)
    assert not field or field_of(refused) == field
    assert triggers.service.list(triggers.ann).items == []


def test_values_of_events_are_checked(triggers):
    files = {"kind": "file", "path": "inbox"}
    (triggers.root / "inbox").mkdir()
    made = triggers.create(files, "tool.py", values_from={"source": "path", "times": "count"})
    assert made.values_from == {"source": "path", "times": "count"}
    for references, field in (
        ({"source": "path", "times": "change"}, "values_from.times"),
        ({"source": "path", "other": "path"}, "values_from.other"),
        ({"source": "paths"}, "values_from.source"),
    ):
        run = {"parameters": {"source": "train.py"}}
        with pytest.raises(Invalid) as refused:
            triggers.create(files, "tool.py", values_from=references, run=run)
        assert field_of(refused) == field


def test_the_input_of_a_pinned_executable_is_no_value_of_events(triggers):
    on, run = {"kind": "webhook"}, {"parameters": {"source": "train.py"}}
    with pytest.raises(Invalid) as refused:
        values = {"source": "body.file"}
        triggers.create(on, "tool.py", values_from=values, mode="pinned", run=run)
    assert field_of(refused) == "values_from.source"
    values = {"times": "body.times"}
    assert (
        triggers.create(on, "tool.py", values_from=values, mode="pinned", run=run).mode == "pinned"
    )


def test_a_change_keeps_what_is_omitted(triggers, ann, yard):
    made = triggers.after("train.py", "report.py")
    changed = triggers.service.update(ann, made.id, patch(made, overlap="skip", name="daily"))
    assert (changed.overlap, changed.name, changed.on) == ("skip", "daily", made.on)
    assert changed.revision == made.revision + 1
    with pytest.raises(StaleWrite):
        triggers.service.update(ann, made.id, patch(made, overlap="queue"))
    with pytest.raises(Invalid) as refused:
        triggers.service.update(ann, made.id, patch(changed, on=NOTEBOOK))
    assert field_of(refused) == "on.kind"
    with yard.store.read() as c:
        since = yard.store.triggers.by_id(c, made.id).since_event
    on = {"kind": "workflow", "path": "load.py", "outcome": "either"}
    again = triggers.service.update(ann, made.id, patch(changed, on=on))
    assert str(again.sentence) == "A run of load.py succeeded or failed"
    with yard.store.read() as c:
        assert yard.store.triggers.by_id(c, made.id).since_event > since


def test_an_unchanged_event_loses_nothing(triggers, ann, yard):
    (triggers.root / "inbox").mkdir()
    made = triggers.create({"kind": "file", "path": "inbox"})
    (triggers.root / "inbox" / "a").write_text("1")
    triggers.service.update(ann, made.id, patch(made, on={"kind": "file", "path": "inbox"}))
    with yard.store.read() as c:
        assert yard.store.triggers.stored_files(c, made.id)[1] == {}


def test_pins_are_frozen_again_when_asked(triggers, ann, yard):
    made = triggers.create(NOTEBOOK, mode="pinned")

    def template():
        with yard.store.read() as c:
            return yard.store.triggers.by_id(c, made.id).template_id

    first = template()
    (triggers.root / "report.py").write_text("print(1)\n")
    same = triggers.service.update(ann, made.id, patch(made, overlap="skip"))
    assert template() == first
    renewed = triggers.service.update(ann, made.id, patch(same, refreeze=True))
    assert template() != first
    triggers.service.update(ann, made.id, patch(renewed, mode="follows"))
    assert template() == ""


def test_a_disabled_trigger_drops_its_events(triggers, ann, yard):
    made = triggers.create(NOTEBOOK)
    firing = triggers.service.fire(ann, made.id, Fire({}))
    assert firing.outcome == "waiting"
    off = triggers.service.disable(ann, made.id)
    assert not off.is_enabled and off.recent[0].outcome == "overlapped"
    assert triggers.service.disable(ann, made.id) == off
    with yard.store.read() as c:
        assert not yard.store.has_work(c)
    with pytest.raises(Conflict):
        triggers.service.fire(ann, made.id, Fire())
    on = triggers.service.enable(ann, made.id)
    assert on.is_enabled and triggers.service.enable(ann, made.id) == on


def test_firing_needs_the_values_of_the_event(triggers, ann):
    run = {"parameters": {"source": "train.py"}}
    made = triggers.create({"kind": "webhook"}, "tool.py", values_from={"times": "body.n"}, run=run)
    with pytest.raises(Invalid) as refused:
        triggers.service.fire(ann, made.id, Fire())
    assert field_of(refused) == "parameters.times"
    assert triggers.service.fire(ann, made.id, Fire({"times": 3})).outcome == "waiting"
    assert triggers.service.fire(ann, made.id, Fire(texts={"times": "4"})).outcome == "waiting"


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_firing_refuses_values_that_its_code_cannot_take(triggers, ann, mode):
    run = {"parameters": {"source": "train.py", "times": 1}}
    made = triggers.create({"kind": "webhook"}, "tool.py", run=run, mode=mode)
    for given in (Fire({"tiems": 3}), Fire(texts={"tiems": "3"}), Fire(texts={"times": "three"})):
        with pytest.raises(Invalid) as refused:
            triggers.service.fire(ann, made.id, given)
        assert field_of(refused).startswith("parameters.ti")
    assert triggers.service.get(ann, made.id).recent == []
    assert triggers.service.fire(ann, made.id, Fire({"times": 3})).outcome == "waiting"


def test_a_repeated_request_is_answered_after_its_file_is_gone(triggers, ann):
    run = {"parameters": {"source": "train.py", "times": 1}}
    made = triggers.create(NOTEBOOK, "tool.py", run=run)
    tool = triggers.root / "tool.py"
    tool.write_text(tool.read_text() + "\n# edited since the trigger was saved\n")
    first = triggers.service.fire(ann, made.id, Fire({"times": 2}), "key")
    tool.unlink()
    assert triggers.service.fire(ann, made.id, Fire({"times": 2}), "key") == first
    with pytest.raises(Conflict):
        triggers.service.fire(ann, made.id, Fire({"tiems": 2}), "key")
    with pytest.raises(NotFound):
        triggers.service.fire(ann, made.id, Fire({"times": 2}), "another")


def test_a_key_fires_once(triggers, ann):
    made = triggers.create(
        NOTEBOOK, "tool.py", run={"parameters": {"source": "train.py", "times": 1}}
    )
    first = triggers.service.fire(ann, made.id, Fire(), "key")
    assert triggers.service.fire(ann, made.id, Fire(), "key") == first
    with pytest.raises(Conflict):
        triggers.service.fire(ann, made.id, Fire({"times": 2}), "key")
    other = triggers.create(NOTEBOOK)
    assert triggers.service.fire(ann, other.id, Fire(), "key").trigger_id == other.id
    assert triggers.service.fire(ann, made.id, Fire()).id != first.id
    assert len(triggers.service.firings(ann, made.id).items) == 2


def test_a_secret_is_replaced(triggers, ann, yard):
    made = triggers.create({"kind": "webhook"})
    again = triggers.service.rotate(ann, made.id)
    assert again.secret.startswith("whsec_") and again.secret != made.secret
    with yard.store.read() as c:
        row = yard.store.triggers.by_id(c, made.id)
    assert yard.store.trigger_secrets.secret(row) == again.secret
    with pytest.raises(Conflict):
        triggers.service.rotate(ann, triggers.create(NOTEBOOK).id)


def test_events_follow_each_change(triggers, ann, yard):
    made = triggers.create(NOTEBOOK)
    triggers.service.delete(ann, made.id)
    told = [one for one in yard.services.events.list(ann).items if one.topic == "trigger"]
    assert [one.data["change"] for one in told] == ["created", "deleted"]
    with pytest.raises(NotFound):
        triggers.service.get(ann, made.id)


def test_enabling_overwrites_no_change_made_meanwhile(triggers, ann, monkeypatch):
    made = triggers.after("train.py", "report.py", is_enabled=False)

    def changed_meanwhile(*args):
        monkeypatch.setattr(service, "event_source", event_source)
        on = {"kind": "workflow", "path": "load.py"}
        triggers.service.update(ann, made.id, patch(made, on=on))
        return event_source(*args)

    monkeypatch.setattr(service, "event_source", changed_meanwhile)
    with pytest.raises(StaleWrite):
        triggers.service.enable(ann, made.id)
    assert triggers.service.get(ann, made.id).on.path == "load.py"
