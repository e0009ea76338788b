"""Where events happen: what is stored, and what is refused."""

import os

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.automations.structs import OnDataset, OnFile, OnRun, OnWebhook, kind_of
from nbyard.domain.executables.structs import NewExecutable
from nbyard.errors import Invalid
from nbyard.services.automations import event_sources
from nbyard.services.automations.event_sources import event_source, shown_event


def refused_field(yard, on):
    with pytest.raises(Invalid) as refused:
        event_source(yard.context, "ann", on)
    return refused.value.details[0].path


def test_a_dataset_is_stored_by_its_id(yard, imported):
    source = event_source(yard.context, "ann", OnDataset("a.csv"))
    assert source.on == OnDataset(imported.id) and source.source_id == imported.id
    assert shown_event(yard.context, source.on, {imported.id: "new"}) == OnDataset("new")
    with refused_at("on.dataset", match=r"'b\.csv'; .*: a\.csv") as refused:
        event_source(yard.context, "ann", OnDataset("b.csv"))
    assert not refused.value.hint
    with pytest.raises(Invalid):
        event_source(yard.context, "eve", OnDataset("a.csv"))


def test_code_is_stored_by_its_path(yard, root):
    (root / "train.py").write_text("")
    source = event_source(yard.context, "ann", OnRun("train.py"))
    assert (source.source_path, source.source_id) == (str(root / "train.py"), "")
    assert shown_event(yard.context, source.on, {}) == OnRun("train.py")
    assert refused_field(yard, OnRun("none.py")) == "on.path"
    assert refused_field(yard, OnRun("../x.py")) == "on.path"


def test_files_are_those_of_now(yard, root):
    (root / "inbox" / "sub").mkdir(parents=True)
    for name in ("a.csv", "b.txt", "sub/c.csv"):
        (root / "inbox" / name).write_text("1")
    source = event_source(yard.context, "ann", OnFile("inbox", "**/*.csv"))
    assert set(source.files or ()) == {str(root / "inbox" / n) for n in ("a.csv", "sub/c.csv")}
    assert event_source(yard.context, "ann", OnFile("flag")).files == {}
    assert shown_event(yard.context, source.on, {}) == OnFile("inbox", "**/*.csv")


@pytest.mark.parametrize(
    ("on", "field"),
    [
        (OnFile("a.csv", "*.csv"), "on.pattern"),
        (OnFile("none", "*.csv"), "on.path"),
        (OnFile("none/flag"), "on.path"),
        (OnFile("../etc"), "on.path"),
        (OnFile("inbox", ".."), "on.pattern"),
        (OnFile(""), "on.path"),
        (OnWebhook(0), "on.most_per_minute"),
    ],
)
def test_other_sources_are_refused_at_their_field(yard, root, on, field):
    (root / "a.csv").write_text("")
    (root / "inbox").mkdir()
    assert refused_field(yard, on) == field


def test_too_many_files_are_refused(yard, root, monkeypatch):
    monkeypatch.setattr(event_sources, "MOST_FILES", 2)
    for name in "abc":
        (root / name).write_text("")
    assert refused_field(yard, OnFile(".")) == "on.path"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_refused(yard, root):
    (root / "inbox").mkdir(0o000)
    assert refused_field(yard, OnFile("inbox")) == "on.path"


def test_the_kind_is_the_tag():
    assert kind_of(OnWebhook()) == "webhook" and kind_of(OnFile("a")) == "file"


def test_an_executable_is_stored_by_its_id(yard, ann, root):
    (root / "fit.py").write_text("print()\n")
    made = yard.services.executables.create(ann, NewExecutable(path="fit.py", name="fitting"))
    for key in ("fitting", made.id):
        found = event_source(yard.context, "ann", OnRun(key, "either"))
        assert found.on == OnRun(made.id, "either")
        assert (found.source_id, found.source_path) == (made.id, "")
    assert shown_event(yard.context, found.on, {made.id: "fitting"}) == OnRun("fitting", "either")
    with pytest.raises(Invalid, match="fitting"):
        event_source(yard.context, "eve", OnRun("fitting"))
