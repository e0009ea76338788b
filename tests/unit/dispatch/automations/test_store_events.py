"""Which events of the store fire which automations."""

import pytest
from tests.support.fake_runtime_bench import OWNER

from nbyard.dispatch.automations import store_events
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.origins import DatasetCause, RunCause
from nbyard.domain.runs.structs import NewRun
from nbyard.store.automations import firings


def test_a_new_version_of_a_dataset_starts_one_run(fired):
    fired.publish()
    made = fired.create(
        {"kind": "dataset", "dataset": "sea"}, values_from={"n": "version"}, overlap="skip"
    )
    fired.look()
    assert fired.outcomes(made) == []
    fired.publish(text="a,b\n3,4\n")
    fired.publish("other")
    for _ in range(2):
        fired.look()
    ((firing,), (run,)) = fired.firings(made), fired.runs(made)
    assert isinstance(firing.cause, DatasetCause)
    assert (firing.cause.dataset, firing.cause.version) == ("sea", 2)
    assert (firing.run_id, run.origin.kind, run.origin.id) == (run.id, "automation", made.id)
    assert (run.origin.cause, run.origin.chain) == (firing.cause, [made.id])
    assert run.parameters["n"] == 2
    assert fired.service.get(OWNER, made.id).counts.started == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("succeeded", ["succeeded"]), ("failed", ["failed"]), ("either", ["succeeded", "failed"])],
)
def test_the_end_of_another_run_starts_one_run(fired, outcome, expected):
    (fired.root / "other.py").write_text("print()")
    made = fired.create({"kind": "run", "path": "other.py", "outcome": outcome})
    for succeeds in (True, False):
        fired.run(succeeds=succeeds)
    fired.run("third.py")
    fired.look()
    causes = [firing.cause for firing in fired.firings(made)]
    assert all(isinstance(cause, RunCause) for cause in causes)
    assert [cause.state for cause in causes] == expected


def test_a_cancelled_run_starts_none(fired):
    (fired.root / "other.py").write_text("print()")
    made = fired.create({"kind": "run", "path": "other.py", "outcome": "either"})
    run = fired.runs_of.create(OWNER, NewRun(path="other.py"))
    fired.bench.cancel(run.id)
    fired.bench.until_run(run.id, "cancelled")
    fired.look()
    assert fired.outcomes(made) == []


def test_only_events_since_it_was_enabled_count(fired):
    fired.publish()
    made = fired.create({"kind": "dataset", "dataset": "sea"})
    fired.service.disable(OWNER, made.id)
    fired.publish(text="a\n1\n")
    fired.look()
    fired.service.enable(OWNER, made.id)
    fired.look()
    assert fired.outcomes(made) == []
    fired.publish(text="a\n2\n")
    fired.look()
    assert fired.outcomes(made) == ["started"]


def test_the_cursor_follows_without_matches(fired, monkeypatch):
    monkeypatch.setattr(store_events, "MOST_BEHIND", 1)
    fired.publish()
    fired.create({"kind": "dataset", "dataset": "sea"})
    fired.run()
    fired.look()
    with fired.bench.store.read() as c:
        assert fired.bench.store.automations.cursor(c) > 0


def test_automations_of_other_sources_are_not_read(fired, monkeypatch):
    """Events are frequent, and there may be thousands of automations."""
    rows = fired.bench.store.automations
    for name in ("other.py", "third.py"):
        (fired.root / name).write_text("print()")
    made = fired.create({"kind": "run", "path": "other.py"}, name="other")
    fired.create({"kind": "run", "path": "third.py"}, name="third")
    read, found = rows.of_sources, set[str]()

    def record(*args):
        some = read(*args)
        found.update(row.automation.id for row in some)
        return some

    monkeypatch.setattr(rows, "of_sources", record)
    fired.run()
    fired.look()
    assert found == {made.id}


def test_a_chain_of_automations_ends(fired, monkeypatch):
    monkeypatch.setattr(firings, "MOST_IN_CHAIN", 2)
    (fired.root / "other.py").write_text("print()")
    first = fired.create({"kind": "notebook"}, name="first", run={"path": "other.py"})
    second = fired.create({"kind": "run", "path": "other.py"}, name="second")
    (fired.root / "third.py").write_text("print()")
    run = {"path": "third.py"}
    third = fired.create({"kind": "run", "path": "work.py"}, name="third", run=run)
    fired.fire(first)
    fired.look()
    fired.end(fired.runs(first)[0].id)
    fired.look()
    (run,) = fired.runs(second)
    assert run.origin.chain == [first.id, second.id]
    fired.end(run.id)
    fired.look()
    assert fired.runs(third) == []
    (firing,) = fired.firings(third)
    assert (firing.outcome, firing.reason.code) == ("failed", "automation-chain-too-long")


def test_a_run_of_an_executable_starts_one_run(fired):
    (fired.root / "fit.py").write_text("print()")
    services = fired.bench.yard.services
    services.executables.create(OWNER, NewExecutable(path="fit.py", name="fitting"))
    made = fired.create({"kind": "run", "path": "fitting"})
    assert made.on.path == "fitting" and "fitting" in str(made.sentence)
    fired.run()
    run = fired.runs_of.create(OWNER, NewRun(executable="fitting", force=True))
    fired.end(run.id)
    fired.look()
    (firing,) = fired.firings(made)
    assert firing.cause.run_id == run.id


def test_a_check_run_starts_none(fired):
    (fired.root / "other.py").write_text("print()")
    made = fired.create({"kind": "run", "path": "other.py", "outcome": "either"})
    run = fired.runs_of.check_sample(OWNER, NewCheckRun(path="other.py"))
    fired.end(run.id)
    assert fired.bench.run(run.id).state == "succeeded"
    fired.look()
    assert fired.outcomes(made) == []
