"""From a changed result to the earlier changes that caused it, the nearest first."""

from typing import Any

import pytest
from hypothesis import given as over

from nbyard.domain.attempts.outside_files import FileState, OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.comparison.causes import differing_results, find_causes, last_nodes
from nbyard.domain.comparison.facts import InputFacts, RunFacts
from nbyard.reasons.structs import because

from .records import code, given, output, parts, record, task
from .test_run_comparisons import records

OUT = {"o": output("1")}
OTHER = {"o": output("2")}


def told(old: RunFacts, new: RunFacts, *start: str) -> list[tuple[str, str, str, int]]:
    causes = find_causes(old, new, start)
    return [(one.kind, one.node, one.name, one.distance) for one in causes]


def one(before: dict[str, Any], after: dict[str, Any]) -> tuple[RunFacts, RunFacts]:
    return record(1, task("a", **before)), record(2, task("a", **after))


DATA = {"x": InputFacts("sha256:1", "sea v1")}
NEWER = {"x": InputFacts("sha256:2", "sea v2")}
FILE = OutsideFile(FileState("file", 1), True, "sha256:1")
READ = Observed(outside={"/d.csv": FILE})
REREAD = Observed(outside={"/d.csv": OutsideFile(FileState("file", 1), True, "sha256:2")})
PACKAGES = {"packages": {"cow": "1"}}
MODULES = {"parts": parts(files={"m.py": "1", "n.py": "1"})}
NEW_MODULES = {"parts": parts(files={"m.py": "2", "n.py": "2"})}
CASES: list[tuple[dict[str, Any], dict[str, Any], str, str, str]] = [
    ({"values": {"n": "1"}}, {"values": {"n": "2"}}, "parameter", "n", "n changed 1 → 2"),
    ({}, {"values": {"n": "2"}}, "parameter", "n", "n is set to 2"),
    ({"inputs": DATA}, {"inputs": NEWER}, "data", "x", "the data of x changed"),
    ({"inputs": DATA}, {}, "connection", "x", "x is no longer connected"),
    ({}, {"inputs": DATA}, "connection", "x", "x is now connected"),
    ({"inputs": DATA}, {"inputs": given("b", "2")}, "connection", "x",
     "x comes from another output"),
    ({}, {"code": code("new", 2)}, "code", "n.ipynb", "its code changed"),
    ({}, {"parts": parts(declaration="f")}, "declaration", "a", "its declaration changed"),
    ({**MODULES, "observed": Observed(read=["m.py"])},
     {**NEW_MODULES, "observed": Observed(read=["m.py"])}, "file", "m.py",
     "the file m.py changed"),
    ({"parts": parts(environment="1"), **PACKAGES},
     {"parts": parts(environment="2"), "packages": {"cow": "2"}}, "package", "cow",
     "has cow 2 instead of 1"),
    ({"parts": parts(environment="1"), "environment": "x"},
     {"parts": parts(environment="2"), "environment": "y"}, "environment", "y",
     "its environment changed"),
    ({"observed": READ}, {"observed": REREAD}, "outside", "/d.csv", "the file /d.csv changed"),
    ({"pinned": 3}, {}, "pin", "a", "it uses the result of another run"),
    ({"parts": None}, {}, "unrecorded", "a", "the dependencies of its result were not recorded"),
    ({}, {}, "nondeterministic", "a", "no recorded difference: the same code, inputs and"
     " environment produced a different result"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "kind", "name", "words"), CASES)
def test_each_kind_of_cause(
    before: dict[str, Any], after: dict[str, Any], kind: str, name: str, words: str
) -> None:
    old, new = one(before, after)
    found = find_causes(old, new, ["a"])
    assert [(cause.kind, cause.name, str(cause.reason)) for cause in found] == [(kind, name, words)]


def test_without_observations_each_file_counts() -> None:
    old, new = one(MODULES, NEW_MODULES)
    assert [cause.name for cause in find_causes(old, new, ["a"])] == ["m.py", "n.py"]


def test_a_file_that_is_an_input_is_named_once() -> None:
    files = [{"d.csv": f"sha256:{number}"} for number in "12"]
    old, new = one(
        {"inputs": DATA, "parts": parts(files=files[0])},
        {"inputs": NEWER, "parts": parts(files=files[1])},
    )
    assert told(old, new, "a") == [("data", "a", "x", 0)]


def chain(number: int, values: dict[str, str], digest: str, last: dict[str, str]) -> RunFacts:
    """Three nodes in a row: the first has values, and passes on bytes."""
    return record(
        number,
        task("a", 0, values=values, outputs={"o": output(digest)}),
        task("b", 1, inputs=given("a", digest), outputs={"o": output(f"{digest}b")}),
        task("c", 2, inputs=given("b", f"{digest}b"), values=last, metrics={"m": float(number)}),
    )


def test_causes_are_followed_along_the_connections() -> None:
    old, new = chain(1, {"n": "1"}, "1", {"k": "1"}), chain(2, {"n": "2"}, "2", {"k": "2"})
    assert told(old, new, "c") == [("parameter", "c", "k", 0), ("parameter", "a", "n", 2)]


def test_an_upstream_node_with_equal_results_explains_nothing() -> None:
    old, new = chain(1, {"n": "1"}, "1", {"k": "1"}), chain(2, {"n": "2"}, "1", {"k": "2"})
    assert told(old, new, "c") == [("parameter", "c", "k", 0)]
    old, new = chain(1, {"n": "1"}, "1", {}), chain(2, {"n": "2"}, "1", {})
    assert told(old, new, "c") == [("nondeterministic", "c", "c", 0)]


def test_a_node_without_result_is_followed_too() -> None:
    nothing = InputFacts("", node="a", output="o")
    runs = [
        record(n, task("a", state="failed", values={"n": str(n)}), task("b", 1, state="skipped",
               inputs={"x": nothing}, metrics={"m": float(n)}))
        for n in (1, 2)
    ]  # fmt: skip
    assert told(runs[0], runs[1], "b") == [("parameter", "a", "n", 1)]


def test_a_node_of_one_run_only() -> None:
    old, new = record(1, task("a")), record(2, task("b"))
    assert told(old, new, "b", "a") == [("node", "b", "b", 0), ("node", "a", "a", 0)]
    reasons = [str(cause.reason) for cause in find_causes(old, new, ["b", "a"])]
    assert reasons == [str(because(f"node-only-in-{side}")) for side in ("newer", "older")]


def test_the_results_that_differ() -> None:
    old = record(1, task("a", metrics={"m": 0.1, "same": 1.0}, outputs=OUT))
    new = record(2, task("a", state="failed", metrics={"same": 1.0}, outputs=OTHER))
    assert [(r.name, r.kind, r.before, r.after) for r in differing_results(old, new)] == [
        ("m", "metric", "0.1", None),
        ("o", "output", "sha256:1", "sha256:2"),
        ("", "state", "succeeded", "failed"),
    ]


def test_explanations_begin_at_the_last_nodes() -> None:
    old, new = chain(1, {"n": "1"}, "1", {}), chain(2, {"n": "2"}, "2", {})
    assert last_nodes(old, new, ["a", "b", "c"]) == ["c"]
    assert last_nodes(old, new, ["b", "b"]) == ["b"]
    assert last_nodes(old, new, []) == []


@over(records())
def test_a_run_has_the_results_of_itself(record: RunFacts) -> None:
    assert differing_results(record, record) == []


@over(records(), records())
def test_each_differing_result_has_a_cause(old: RunFacts, new: RunFacts) -> None:
    for result in differing_results(old, new):
        assert find_causes(old, new, [result.node])
