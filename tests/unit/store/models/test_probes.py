"""Rows of trials: asked for, begun once, answered once."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import update

from nbyard.domain.models.model_probes import KnownTable, Trial, TrialAnswer
from nbyard.domain.models.structs import ModelColumn
from nbyard.reasons.structs import text_reason
from nbyard.store import Store
from nbyard.store.schema.deployment_tables import trials

TABLE = KnownTable("t.csv", [ModelColumn("x", "float", True)], ["x", "y"], [[1.5, None]])
TRIAL = Trial("1", "docker", "sha256:i", "cows", "sha256:m", "model.joblib", {"a.py": "d"}, [TABLE])


def test_a_trial_is_begun_and_answered_once(store: Store) -> None:
    with store.write() as c:
        store.trials.insert(c, TRIAL)
        assert store.has_work(c)
        assert (store.trials.open(c), store.trials.begun(c)) == ([TRIAL], set())
        assert store.trials.begin(c, "1") and not store.trials.begin(c, "1")
        assert store.trials.begun(c) == {"1"} and store.trials.answer(c, "1") is None
    first = TrialAnswer(text='{"a": "\\u0000"}')
    with store.write() as c:
        store.trials.conclude(c, "1", first)
        store.trials.conclude(c, "1", TrialAnswer(problem=text_reason("later")))
    with store.read() as c:
        assert store.trials.answer(c, "1") == first
        assert (store.trials.open(c), store.trials.begun(c)) == ([], set())
        assert not store.has_work(c)
    with store.write() as c:
        store.trials.delete(c, "1")
        assert store.trials.answer(c, "1") is None


def test_what_nobody_waits_for_any_more_goes_with_the_next(store: Store) -> None:
    with store.write() as c:
        store.trials.insert(c, TRIAL)
        c.execute(update(trials).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
        store.trials.insert(c, msgspec.structs.replace(TRIAL, id="2"))
        assert [one.id for one in store.trials.open(c)] == ["2"]
