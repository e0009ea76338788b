"""Maps as a whole: random failures, retries, kills and cancels; no element gets lost."""

import contextlib
import json
from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from tests.support.fake_runtime_bench import OWNER, Graph
from tests.unit.dispatch.test_model import FAILURES, TEXT, WHICH, Runs, draw_stories, one_of

from nbyard.domain.attempts.structs import METRICS
from nbyard.domain.maps.structs import ALL, Grid, Items, MapPlan, Range, Search, Source
from nbyard.domain.runs.structs import Task
from nbyard.domain.state_machines import RUN, TASK
from nbyard.errors import Conflict

# `a` has a map, `b` follows it, `c` collects.
CHAIN: Graph = {"s": [], "a": ["s"], "b": ["a"], "c": ["b"]}
STATIC: Graph = {"a": [], "b": ["a"], "c": ["b"]}
GRIDS = [Grid({"n": [5, 6, 5, 7]}), Grid({"n": [5, 6]}), Grid({"n": []})]
# Its elements are suggested one after the other.
SEARCH = Search({"n": Range(1, 9)}, count=5, goal="score")
POLICIES = ["first", "all", "1", "50%"]
MAPS = ("a", "b")


class Maps(Runs):
    """Maps with random elements, whose attempts end in random ways."""

    # Users may retry elements as often as they like.
    most_attempts = 99
    # It collects the results of retried elements, also after the end of its run.
    repeated = ("c",)
    # These are stories of runs without maps.
    submit = weather = an_engine_comes_back = the_former_wakes_up = cancel = None  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.cancelled: set[str] = set()
        # Not the number of runs, which depends on threads: what is drawn must not.
        self.submitted = self.retried = 0

    @precondition(lambda self: self.submitted < 3)
    @rule(
        source=st.sampled_from([Items("n"), *GRIDS, SEARCH]),
        policy=st.sampled_from(POLICIES),
        at_most=st.sampled_from([None, 1, 2]),
        cache=st.booleans(),
        retries=st.sampled_from([None, 1]),
    )
    def submit_map(
        self, source: Source, policy: str, at_most: int | None, cache: bool, retries: int | None
    ) -> None:
        graph = CHAIN if isinstance(source, Items) else STATIC
        count = source.count if isinstance(source, Search) else 0
        own = (("a", source), ("b", None))
        maps = {name: MapPlan(each, policy, at_most, count=count) for name, each in own}
        self.submitted += 1
        self.runs.append(self.bench.submit(graph, maps=maps, cache=cache, retries=retries))
        self.bench.round(2)

    @rule(fails=st.lists(st.booleans(), min_size=1, max_size=4), failure=st.sampled_from(FAILURES))
    def work(self, fails: list[bool], failure: object) -> None:
        """Attempts end one after the other, each with a round."""
        for is_bad in fails:
            for runtime, attempt in self._running()[:1]:
                metrics = runtime.orders[attempt].folder / METRICS
                metrics.write_text('{"at": 1, "name": "score", "value": 2.0}\n')
                runtime.end(
                    attempt,
                    "failed" if is_bad else "succeeded",
                    text=TEXT,
                    failure=failure if is_bad else None,
                )
            self.bench.round()

    @precondition(lambda self: self.retried < 5)
    @rule(which=WHICH)
    def retry(self, which: int) -> None:
        self.retried += 1
        ended = [run for run in self.runs if self.bench.run(run).state in ("failed", "cancelled")]
        for run in one_of(ended, which):
            self.runs.append(self.bench.yard.services.runs.retry(OWNER, run).id)

    @rule(which=WHICH)
    def retry_a_success(self, which: int) -> None:
        """In the same run, if some of its elements failed."""
        ended = [run for run in self.runs if self.bench.run(run).state == "succeeded"]
        for run in one_of(ended, which):
            has_failed = any(
                t.element and t.state == "failed" for t in self.bench.detail(run).tasks
            )
            with contextlib.nullcontext() if has_failed else pytest.raises(Conflict):
                assert self.bench.yard.services.runs.retry(OWNER, run).id == run
                assert self.bench.run(run).state == "running"

    @rule(which=WHICH, chance=st.integers(0, 9))
    def cancel_at_times(self, which: int, chance: int) -> None:
        live = [run for run in self.runs if self.bench.run(run).state in RUN.live]
        if live and not chance:
            self.bench.cancel(live[which % len(live)])

    @rule(which=WHICH)
    def cancel_one_element(self, which: int) -> None:
        live = [(r, e) for r, e in self._elements() if e.state in TASK.live]
        for run, element in one_of(live, which):
            self.bench.yard.services.runs.cancel_element(OWNER, run, element.node)
            self.cancelled.add(element.id)

    @rule(which=WHICH, is_all=st.booleans())
    def retry_in_the_same_run(self, which: int, is_all: bool) -> None:
        """The failed elements of a map, or any one: what may not be retried is refused."""
        bad = [(r, e) for r, e in self._elements() if e.state in TASK.terminal - {"succeeded"}]
        for run, element in one_of(bad, which):
            assert element.element is not None
            node = element.element.map if is_all else element.node
            with contextlib.suppress(Conflict):
                self.bench.yard.services.runs.retry_elements(OWNER, run, node)
            self.cancelled -= {e.id for _, e in self._elements() if e.state == "waiting"}

    def _elements(self) -> list[tuple[str, Task]]:
        return [(r, task) for r in self.runs for task in self.bench.detail(r).tasks if task.element]

    def outputs(self, task: Task) -> list[list[str]]:
        if task.node not in MAPS:
            return super().outputs(task)
        collected = [sorted(a.name for a in task.artifacts)]
        whole = [[a.name for a in task.artifacts]] if collected == [[ALL, "out"]] else []
        return whole if task.state == "succeeded" else [*whole, []]

    def after_failure(self, task: Task) -> set[str]:
        """A map that follows another one may have begun before that failed."""
        own = super().after_failure(task)
        return own | {"failed", "cancelled"} if task.node in MAPS else own

    @invariant()
    def a_cancelled_element_is_skipped(self) -> None:
        """It is, unless its attempt was faster."""
        for run in self.runs:
            for task in self.bench.detail(run).tasks:
                if task.id in self.cancelled and task.state in ("cancelled", "skipped"):
                    assert task.reason and task.reason.code in ("element-cancelled", "cancelled")

    @invariant()
    def no_element_gets_lost(self) -> None:
        """What went into a map is what came out, failed or was skipped."""
        for run in self.runs:
            tasks = self.bench.detail(run).tasks
            for task in (task for task in tasks if task.node in MAPS):
                own = [each for each in tasks if each.element and each.element.map == task.node]
                places = [each.element.position for each in own if each.element]
                assert places == [*range(len(own))]
                assert task.state not in ("waiting", "queued", "skipped") or not own
                if task.state in TASK.terminal:
                    assert {each.state for each in own} <= TASK.terminal
                if task.artifacts:
                    self._results_are_of(task, own)

    def _results_are_of(self, task: Task, own: list[Task]) -> None:
        ends = Counter(each.state for each in own)
        assert task.reason is not None
        if task.reason.code == "map-ended":
            said = task.reason.params
            assert said["total"] == len(own) == sum(ends.values())
            assert (said["succeeded"], said["failed"]) == (ends["succeeded"], ends["failed"])
            assert said["skipped"] == ends["skipped"] + ends["cancelled"]
        digest = next(each.digest for each in task.artifacts if each.name == ALL)
        with self.yard.context.blobs.open(digest) as handle:
            rows = [json.loads(line) for line in handle.read().splitlines()]
        assert [row["key"] for row in rows] == [each.element.key for each in own if each.element]
        assert [row["state"] for row in rows] == [each.state for each in own]
        assert [bool(row["outputs"]) for row in rows] == [e.state == "succeeded" for e in own]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("database_url", "examples"), [("sqlite", 25), ("postgresql", 5)], indirect=["database_url"]
)
def test_maps(database_url, examples, empty_database, monkeypatch):
    draw_stories(Maps, database_url, examples, empty_database, monkeypatch)
