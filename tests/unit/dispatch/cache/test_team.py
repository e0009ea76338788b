"""Who takes the results of colleagues from the cache: members, in runs of the same project."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, select, update
from tests.support.fake_runtime_bench import Bench

from nbyard.blobs import DryBlobs
from nbyard.dispatch.cache.forecasts import CacheForecaster
from nbyard.dispatch.cache.keys import Identities, key_parts
from nbyard.dispatch.cache.result_lookup import Query, ResultLookup
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.callers import Caller
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import LinkKind, NewProject
from nbyard.domain.runs.previews.estimates import ForecastQuestion
from nbyard.domain.runs.structs import SecretOf
from nbyard.reasons.structs import because
from nbyard.services.runs.attempts import attempts_behind
from nbyard.store import Connection
from nbyard.store.schema.project_tables import project_cache
from nbyard.store.schema.tables import runs, tasks

ANN, BOB = Caller("ann"), Caller("bob", groups=("lab",))


class Team:
    """Projects of ann with their members, and runs linked to them."""

    def __init__(self, bench: Bench):
        self.bench, self.yard = bench, bench.yard
        bench.store.cache.is_shared = True
        self.yard.services.record_groups(BOB)
        self.ids = {
            name: self.yard.services.projects.create(ANN, NewProject(name)).id
            for name in ("wine", "beer")
        }

    def grant(self, project: str, name: str, role: str = "viewer", *, group: bool = False) -> None:
        member = NewMember(name, role, group)  # type: ignore[arg-type]
        self.yard.services.shares.grant(ANN, "project", self.ids[project], member)

    def revoke(self, project: str, name: str) -> None:
        self.yard.services.shares.revoke(ANN, "project", self.ids[project], name)

    def link(self, project: str, key: str, kind: LinkKind = "run") -> None:
        store = self.yard.store
        with store.write() as c:
            found = store.projects.by_id(c, self.ids[project])
            assert found is not None
            store.projects.link(c, found, kind, key)

    def submit(self, owner: str, projects: Sequence[str] = (), **plan: Any) -> str:
        run = self.bench.submit(owner=owner, **{"cache": True, **plan})
        for project in projects:
            self.link(project, run)
        return run

    def made(self, owner: str, projects: Sequence[str] = (), **plan: Any) -> str:
        """Return the ID of a run that computes its result."""
        run = self.submit(owner, projects, **plan)
        self.bench.until_task(run, "running")
        self.bench.finish(run, f"made by {owner}")
        return run

    def is_cached(self, run: str) -> bool:
        """Run it to its end; return whether its task came from the cache."""
        bench = self.bench
        bench.until(lambda: bench.task(run).state in ("running", "succeeded"))
        if bench.task(run).state == "running":
            bench.finish(run)
        return bench.task(run).cached


@pytest.fixture
def team(bench) -> Team:
    return Team(bench)


def as_user(team: Team) -> None:
    team.grant("wine", "bob")


def as_group(team: Team) -> None:
    team.grant("wine", "lab", group=True)


def as_editor(team: Team) -> None:
    team.grant("wine", "bob", "editor")


def formerly(team: Team) -> None:
    team.grant("wine", "bob")
    team.revoke("wine", "bob")


def elsewhere(team: Team) -> None:
    team.grant("beer", "bob", "owner")


def nowhere(team: Team) -> None:
    team.grant("beer", "eve")


WINE, BEER, BOTH, NONE = ("wine",), ("beer",), ("wine", "beer"), ()


@pytest.mark.parametrize(
    ("join", "of_ann", "of_bob", "is_taken"),
    [
        (as_user, WINE, WINE, True),
        (as_group, WINE, WINE, True),
        (as_editor, WINE, BOTH, True),
        (as_user, BOTH, WINE, True),
        (as_user, BOTH, BEER, False),  # no member there
        (as_user, WINE, BEER, False),
        (as_user, BEER, WINE, False),
        (as_user, NONE, WINE, False),  # the run of ann is private
        (as_user, WINE, NONE, False),  # that of bob is outside the project
        (formerly, WINE, WINE, False),
        (elsewhere, WINE, WINE, False),
        (nowhere, WINE, WINE, False),
    ],
)
def test_members_take_results_of_their_project_only(team, join, of_ann, of_bob, is_taken):
    join(team)
    first = team.made("ann", of_ann)
    second = team.submit("bob", of_bob)
    assert team.is_cached(second) == is_taken
    if not is_taken:
        return
    ann, bob = team.bench.run(first), team.bench.task(second)
    assert bob.reason.code == "unchanged-team"
    params = dict(bob.reason.params)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", params.pop("at"))
    assert params == {"user": "ann", "run": ann.number, "run_id": first}
    # The result is bob's: its bytes count for bob, and its log is that of ann's attempt.
    digests = [a.digest for a in bob.artifacts]
    assert digests == [a.digest for a in team.bench.task(first).artifacts]
    store = team.yard.store
    with store.read() as c:
        assert store.quotas.stored_bytes(c, "bob") == len("made by ann")
        behind = attempts_behind(store, c, BOB, bob)
    assert [a.id for a in behind] == [team.bench.attempt(first)]
    team.yard.services.runs.delete(ANN, first)
    assert [a.digest for a in team.bench.task(second).artifacts] == digests


def test_the_owner_takes_results_of_the_members(team):
    as_editor(team)
    team.made("bob", WINE)
    assert team.is_cached(team.submit("ann", WINE))


def test_files_that_nothing_reads_may_differ(team):
    """The code folders of two users are rarely equal."""
    as_user(team)
    first = team.made("ann", WINE)
    with team.yard.store.write() as c:
        observed = msgspec.to_builtins(Observed(read=[], written=[]))
        c.execute(update(tasks).where(tasks.c.run_id == first).values(observed=observed))
    (team.bench.root / "notes.txt").write_text("of bob")
    team.bench.version = team.bench.register()
    second = team.submit("bob", WINE)
    assert team.is_cached(second)
    assert team.bench.task(second).reason.code == "unchanged-reads-team"
    assert not team.is_cached(team.submit("bob", WINE, cache="bundle"))


def test_a_run_that_is_linked_later_gives_its_results(team):
    """Until the link is removed."""
    as_user(team)
    first = team.made("ann")
    team.link("wine", first)
    assert team.is_cached(team.submit("bob", WINE))
    store = team.yard.store
    with store.write() as c:
        store.projects.unlink(c, store.projects.by_id(c, team.ids["wine"]), "run", first)
    assert not team.is_cached(team.submit("bob", WINE))


def test_own_results_come_first(team):
    as_user(team)
    own = team.made("bob")
    team.made("ann", WINE)
    last = team.submit("bob", WINE)
    assert team.is_cached(last)
    assert team.bench.task(last).reason == because("unchanged", run=team.bench.run(own).number)


def test_a_copy_in_the_project_counts_for_a_private_result(team):
    """With the time of the computation, and the number of the run that the user may see."""
    as_user(team)
    private = team.made("ann")
    copy = team.submit("ann", WINE)
    assert team.is_cached(copy)
    third = team.submit("bob", WINE)
    assert team.is_cached(third)
    params = team.bench.task(third).reason.params
    assert (params["run"], params["run_id"]) == (team.bench.run(copy).number, copy)
    # Without ann's entry in the cache, no other run of ann or bob gives it on.
    for run in (private, copy):
        team.yard.services.runs.delete(ANN, run)
    assert not team.is_cached(team.submit("bob", WINE))


@pytest.mark.parametrize(
    ("kind", "column"), [("workflow", "workflow_id"), ("automation", "source_id")]
)
def test_runs_of_a_linked_workflow_or_automation_belong_to_the_project(team, kind, column):
    """They take the results of others, and stay private."""
    as_user(team)
    team.made("ann", WINE)
    team.link("wine", "a source", kind)
    run = team.submit("bob")
    with team.yard.store.write() as c:
        c.execute(update(runs).where(runs.c.id == run).values({column: "a source"}))
    assert team.is_cached(run)
    # That of bob is private, so ann computes again.
    other = team.made("bob", n=2)
    with team.yard.store.write() as c:
        c.execute(update(runs).where(runs.c.id == other).values({column: "a source"}))
    assert not team.is_cached(team.submit("ann", WINE, n=2))


def test_secrets_of_the_owner_are_part_of_the_key(team):
    """So a node with a credential of ann never gives its result to bob."""
    identities = Identities(team.bench.context)
    plan = team.bench.snapshot(team.bench.start()).task.plan
    code, environment = identities.look_up(plan)
    keys = set()
    for credential in ("of ann", "of bob"):
        plan.bindings["n"] = SecretOf(credential, "key", 1)
        parts = key_parts(plan, code, {}, environment)
        keys |= {parts.key(), parts.base_key()}
    assert len(keys) == 4


def query_of(bench: Bench, run: str, owner: str) -> Query:
    task = bench.snapshot(run).task
    code, environment = Identities(bench.context).look_up(task.plan)
    parts = key_parts(task.plan, code, {}, environment)
    places = bench.run(run).places
    return Query(owner, task.plan, code, parts, parts.key(), environment, places=places)


@contextmanager
def statements(c: Connection) -> Iterator[list[str]]:
    """Yield the texts of the statements that the block executes."""
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    event.listen(c, "before_cursor_execute", note)
    yield found
    event.remove(c, "before_cursor_execute", note)


def test_an_unseen_result_costs_what_a_missing_one_costs(team):
    """The same statements, and no look at the bytes or files of the unseen result."""
    bench = team.bench
    nowhere(team)
    team.made("ann", WINE)
    asked = []
    for number in (0, 1):  # ann has computed the first only
        run = bench.start(owner="bob", cache=False, n=number)
        team.link("beer", run)
        query = query_of(bench, run, "bob")
        lookup = ResultLookup(bench.store, Identities(bench.context))
        with bench.store.read() as c, statements(c) as found:
            assert lookup.find(c, [query]) == {}
        asked.append(found)
        bench.finish(run)
    assert asked[0] == asked[1] and len(asked[0]) > 2


def test_many_keys_of_one_run_need_few_statements(team):
    """Each finds its own result, and a run in no project reads no results of others."""
    as_user(team)
    bench, asked = team.bench, {}
    made = [team.made("ann", WINE, n=number) for number in range(3)]
    lookup = ResultLookup(bench.store, Identities(bench.context))
    for projects in (WINE, NONE):
        queries = []
        for number in range(5):
            run = bench.start(owner="eve", cache=False, n=number)
            queries.append(query_of(bench, run, "bob"))
            bench.finish(run)
        last = bench.submit(owner="bob", cache=False)
        for project in projects:
            team.link(project, last)
        for query in queries:
            query.places = bench.run(last).places
        with bench.store.read() as c, statements(c) as found:
            hits = lookup.find(c, queries)
        asked[projects] = [text for text in found if "project" in text]
        of = [hits[query].run_id if query in hits else "" for query in queries]
        assert of == ([*made, "", ""] if projects else [""] * 5)
    assert {projects: len(texts) for projects, texts in asked.items()} == {WINE: 2, NONE: 1}


def test_another_equal_result_of_the_project_replaces_a_deleted_one(team):
    as_user(team)
    first, second = team.made("ann", WINE), team.made("ann", WINE, force=True)
    team.yard.services.runs.delete(ANN, second)
    third = team.submit("bob", WINE)
    assert team.is_cached(third)
    assert team.bench.task(third).reason.params["run_id"] == first


def test_a_store_of_one_user_offers_nothing(team):
    team.bench.store.cache.is_shared = False
    team.made("ann", WINE)
    with team.yard.store.read() as c:
        assert not c.execute(select(project_cache.c.key)).all()


def test_the_forecast_agrees_with_the_run(team):
    as_user(team)
    team.made("ann", WINE)
    run = team.submit("bob", WINE)
    with team.yard.store.read() as c:
        plan = team.yard.store.tasks.of_run(c, run)[0].plan
    forecaster = CacheForecaster(team.bench.context, DryBlobs(team.bench.context.blobs))
    for project, state in (
        (team.ids["wine"], "cached"),
        (team.ids["beer"], "stale"),
        ("", "stale"),
    ):
        question = ForecastQuestion("bob", "", [plan], project=project)
        assert forecaster.forecast(question)["a"].state == state
    assert team.is_cached(run)
