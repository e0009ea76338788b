"""What changed between two runs, and plans with some of it."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.bisections.mixed_plans import FileChange, MixedPlans, Side, plan_signatures
from nbyard.domain.runs.structs import BytesOf, ResultOf, SecretOf, TaskPlan, ValueOf

ARGUMENTS = [Argument("n"), Argument("data", role="input"), Argument("out", role="output")]
CODES = {"v1": "first", "v2": "second", "v2b": "second"}


def plan(node: str = "a", version: str = "v1", n: Any = 1, **fields: Any) -> TaskPlan:
    bindings = {"n": ValueOf(n), **fields.pop("bindings", {})}
    known = {"label": node.upper(), "arguments": ARGUMENTS, "runtime": "process"}
    return TaskPlan(
        node=node, executable_id=f"e-{node}", executable_version_id=version, bindings=bindings,
        **{**known, **fields},
    )  # fmt: skip


def mixed(
    good: list[TaskPlan], bad: list[TaskPlan], values: tuple[dict[str, Any], ...] = ({}, {})
) -> MixedPlans:
    first, second = (
        Side({one.node: one for one in plans}, of)
        for plans, of in zip((good, bad), values, strict=True)
    )
    return MixedPlans(first, second, CODES)


def kinds(found: MixedPlans) -> list[tuple[str, list[str], str]]:
    return [(one.kind, one.nodes, one.name) for one in found.changes]


def test_equal_runs_have_no_changes() -> None:
    found = mixed([plan(force=True)], [plan(label="other")])
    assert found.changes == []
    assert found.mix([]) == [plan()], "neither the cache is ignored nor a result reused"


def test_each_change_can_be_applied_alone() -> None:
    data = [{"data": BytesOf(f"sha256:{n}", "a.csv")} for n in (1, 2)]
    good = plan(bindings=data[0])
    bad = plan(version="v2", n=2, bindings=data[1], kernel="ir", memory_bytes=10)
    found = mixed([good], [bad])
    assert kinds(found) == [
        ("data", ["a"], "data"), ("parameter", ["a"], "n"), ("code", ["a"], "A"),
        ("environment", ["a"], "ir"), ("limits", ["a"], ""),
    ]  # fmt: skip
    assert found.mix([0]) == [plan(bindings=data[1])]
    assert found.mix([1, 4]) == [plan(n=2, bindings=data[0], memory_bytes=10)]
    assert found.mix([2, 3]) == [plan(version="v2", bindings=data[0], kernel="ir")]


def of_files(good: TaskPlan, bad: TaskPlan, **files: FileChange) -> MixedPlans:
    changed = {name.replace("_", "."): change for name, change in files.items()}
    return MixedPlans(Side({"a": good}), Side({"a": bad}), CODES, {"a": changed})


def test_a_file_beside_the_code_counts_as_an_input() -> None:
    digests = ("sha256:1", "sha256:2")
    good, bad = (
        plan(version=version, bindings={"data": BytesOf(digest, "a.csv")})
        for version, digest in zip(("v2", "v2b"), digests, strict=True)
    )
    both = [("data", ["a"], "data"), ("files", ["a"], "")]
    assert kinds(of_files(good, bad, a_csv=digests)) == kinds(of_files(good, bad)) == both[:1]
    two = of_files(good, bad, a_csv=digests, b_csv=(None, "sha256:3"))
    assert kinds(two) == both and two.changes[1].files == ["b.csv"]
    assert kinds(mixed([good], [bad])) == both, "without a record, all files count"
    # the folder of the code changes together with the input
    assert of_files(good, bad, a_csv=digests).mix([0]) == [bad]
    assert of_files(good, bad).mix([0]) == [plan(version="v2", bindings=bad.bindings | {})]


def test_code_and_files_beside_it_are_separate_changes() -> None:
    found = of_files(plan(), plan(version="v2"), a_csv=("1", "2"), b_yaml=("1", None))
    files = [(one.kind, one.files) for one in found.changes]
    assert files == [("files", ["a.csv"]), ("files", ["b.yaml"]), ("code", [])]
    assert found.mix([0]) == [plan(mixed_files={"a.csv": "v2"})]
    assert found.mix([2]) == [plan(version="v2", mixed_files={"a.csv": "v1", "b.yaml": "v1"})]
    assert found.mix([1, 2]) == [plan(version="v2", mixed_files={"a.csv": "v1"})]
    same = of_files(plan(version="v2"), plan(version="v2b"), a_csv=("1", "2"), b_csv=("1", "2"))
    assert same.mix([1]) == [plan(version="v2", mixed_files={"b.csv": "v2b"})]
    assert same.mix([0, 1]) == [plan(version="v2b")]


def test_modules_change_with_the_code_that_imports_them() -> None:
    found = of_files(plan(), plan(version="v2"), helper_py=("1", "2"), a_csv=("1", "2"))
    assert [one.files for one in found.changes] == [["a.csv"], ["helper.py"]]
    assert found.mix([1]) == [plan(version="v2", mixed_files={"a.csv": "v1"})]
    alone = of_files(plan(version="v2"), plan(version="v2b"), helper_py=("1", "2"))
    assert [(one.kind, one.files) for one in alone.changes] == [("files", ["helper.py"])]


def test_very_many_files_change_together() -> None:
    many = {f"f{number}_csv": ("1", "2") for number in range(30)}
    (change,) = of_files(plan(version="v2"), plan(version="v2b"), **many).changes
    assert len(change.files) == 30


def test_the_same_change_at_several_nodes_is_one() -> None:
    """A parameter of the run, one dataset, and the files beside the code."""
    old, new = ({"data": BytesOf(f"sha256:{n}", "a.csv")} for n in (1, 2))
    good = [plan(node, "v2", 1, bindings=old) for node in "ab"]
    bad = [plan(node, "v2b", 2, bindings=new) for node in "ab"]
    found = mixed(good, bad, ({"size": 1}, {"size": 2}))
    assert kinds(found) == [
        ("data", ["a", "b"], "data"), ("parameter", ["a", "b"], "size"), ("files", ["a", "b"], ""),
    ]  # fmt: skip
    assert found.mix([1]) == [plan(node, "v2", 2, bindings=old) for node in "ab"]


def test_changes_of_equal_values_are_distinguished_by_name() -> None:
    names = ("p", "q", "data", "more")
    arguments = [Argument(name) for name in names[:2]]
    arguments += [Argument(name, role="input") for name in names[2:]]

    def side(value: int) -> TaskPlan:
        table = BytesOf(f"sha256:{value}", "a.csv")
        bindings = {"p": ValueOf(value), "q": ValueOf(value), "data": table, "more": table}
        return plan(arguments=arguments, bindings=bindings)

    good, bad = side(0), side(9)
    found = mixed([good], [bad], ({"p": 0, "q": 0}, {"p": 9, "q": 9}))
    assert sorted(change.name for change in found.changes) == sorted(names)
    for place, change in enumerate(found.changes):
        (made,) = found.mix([place]) or []
        changed = {name for name in names if made.bindings[name] != good.bindings[name]}
        assert changed == {change.name}


def test_values_of_different_types_are_changes() -> None:
    assert kinds(mixed([plan(n=1)], [plan(n=True)])) == [("parameter", ["a"], "n")]
    assert mixed([plan(n=1.0)], [plan(n=1.0)]).changes == []


def test_a_changed_graph_is_one_change() -> None:
    """Nodes that came or went, connections and pins; other changes are still combined."""
    good = [plan("a"), plan("b", bindings={"data": ResultOf("a", "out")})]
    bad = [plan("a", n=2), plan("c"), plan("b", bindings={"data": ResultOf("c", "out")})]
    found = mixed(good, bad)
    assert kinds(found) == [("graph", ["c"], ""), ("parameter", ["a"], "n")]
    assert found.mix([0]) == [plan("a"), *bad[1:]]
    assert found.mix([1]) == [plan("a", n=2), good[1]]
    pinned = plan("a", pinned=3, reuse="t")
    assert mixed([plan("a")], [pinned]).mix([0]) == [pinned]
    assert mixed([plan("a", reuse="t")], [plan("a")]).mix([]) == [plan("a")]


def test_incompatible_changes_make_no_run() -> None:
    """The bad version of the code needs a node that the good graph lacks."""
    more = [*ARGUMENTS, Argument("more", role="input")]
    bindings = {"more": ResultOf("b", "out")}
    good, bad = plan("a"), plan("a", "v2", arguments=more, bindings=bindings)
    found = mixed([good], [plan("b"), bad])
    assert [one.kind for one in found.changes] == ["graph", "code"]
    assert found.mix([1]) is None
    assert found.mix([0, 1]) == [plan("b"), bad]


def test_arguments_change_with_the_code() -> None:
    fewer = [ARGUMENTS[0]]
    good = plan(bindings={"data": BytesOf("sha256:1", "a.csv")})
    found = mixed([good], [plan(version="v2", arguments=fewer)])
    assert kinds(found) == [("code", ["a"], "A")]
    assert found.mix([0]) == [plan(version="v2", arguments=fewer)]
    assert found.mix([]) == [good]


def test_optional_inputs_may_appear_or_disappear() -> None:
    """A file changes as an input, a connection with the graph."""
    data = {"data": BytesOf("sha256:1", "a.csv")}
    found = mixed([plan()], [plan(bindings=data, n=2)])
    assert kinds(found) == [("input", ["a"], "data"), ("parameter", ["a"], "n")]
    assert (found.changes[0].before, found.changes[0].after) == (None, "a.csv")
    assert found.mix([0]) == [plan(bindings=data)] and found.mix([1]) == [plan(n=2)]
    linked = plan("b", bindings={"data": ResultOf("a", "out")})
    found = mixed([plan("b")], [plan("a"), linked])
    assert kinds(found) == [("graph", ["a"], "")]
    assert found.mix([]) == [plan("b")] and found.mix([0]) == [plan("a"), linked]
    needed = [ARGUMENTS[0], msgspec.structs.replace(ARGUMENTS[1], required=True)]
    bad = plan(version="v2", arguments=needed, bindings=data)
    found = mixed([plan()], [bad])
    assert kinds(found) == [("input", ["a"], "data"), ("code", ["a"], "A")]
    assert found.mix([1]) == [bad], "the new code needs its input"


def test_secrets_are_those_of_the_bad_run() -> None:
    old, new = (plan(bindings={"data": SecretOf("c", "key", n)}) for n in (1, 2))
    found = mixed([old], [new])
    assert found.changes == [] and found.mix([]) == [new]


FIELDS = st.fixed_dictionaries(
    {
        "version": st.sampled_from([*CODES]),
        "n": st.integers(0, 2),
        "kernel": st.sampled_from(["", "ir"]),
        "timeout_seconds": st.sampled_from([None, 1.0]),
        "bindings": st.sampled_from(
            [{}, {"data": BytesOf("sha256:1", "a")}, {"data": BytesOf("sha256:2", "a")}]
        ),
    }
)


@st.composite
def plans(draw: st.DrawFn) -> list[TaskPlan]:
    nodes = draw(st.lists(st.sampled_from("abc"), unique=True))
    fields: list[dict[str, Any]] = [draw(FIELDS) for _ in nodes]
    found = [plan(node, **of) for node, of in zip(nodes, fields, strict=True)]
    for at, one in enumerate(found[1:], 1):
        if draw(st.booleans()):
            bindings = {**one.bindings, "data": ResultOf(found[at - 1].node, "out")}
            found[at] = msgspec.structs.replace(one, bindings=bindings)
    return found


@given(plans(), plans(), st.data())
def test_no_change_is_the_good_run_and_all_are_the_bad_run(
    good: list[TaskPlan], bad: list[TaskPlan], data: st.DataObject
) -> None:
    found = mixed(good, bad)
    everything = range(len(found.changes))

    def by_node(given: list[TaskPlan] | None) -> dict[str, TaskPlan]:
        assert given is not None
        return {one.node: one for one in given}  # the order of unconnected nodes is no change

    assert by_node(found.mix([])) == by_node(good)
    assert by_node(found.mix(everything)) == by_node(bad)
    some = data.draw(st.sets(st.sampled_from([*everything]))) if everything else set()
    if (mix := found.mix(some)) is not None:
        for one in mix:
            assert one.needs() <= {other.node for other in mix}


def test_signatures_depend_on_all_upstream_nodes() -> None:
    first = [plan("a"), plan("b", bindings={"data": ResultOf("a", "out")})]
    same = [msgspec.structs.replace(one, reuse="t") for one in first]
    assert plan_signatures(first) == plan_signatures(same)
    other = plan_signatures([plan("a", n=2), first[1]])
    assert other["a"] != plan_signatures(first)["a"] and other["b"] != plan_signatures(first)["b"]
