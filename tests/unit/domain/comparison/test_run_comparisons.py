"""Runs are compared section by section, the same in both directions."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.comparison.facts import CodeVersion, InputFacts, RunFacts, TaskFacts
from nbyard.domain.comparison.run_comparisons import compare_runs, kind_of, nodes_of, series_of
from nbyard.domain.comparison.structs import RunComparison

from .records import code, output, parts, record, run, task

NAMES = st.sampled_from("abc")
WORDS = st.sampled_from(["1", "2", ""])
DIGESTS = st.sampled_from(["sha256:1", "sha256:2", "tree:1"])
SECTIONS = ("parameters", "inputs", "metrics", "outputs", "code", "environment", "timing")


@st.composite
def tasks(draw: st.DrawFn) -> TaskFacts:
    node = draw(NAMES)
    filename = draw(st.sampled_from(["o.csv", "o.png", "o.txt", "o.bin"]))
    names = draw(st.sets(NAMES))
    return task(
        node,
        draw(st.integers(0, 2)),
        cached=draw(st.booleans()),
        code=draw(st.sampled_from([None, code(), code("other", 2)])),
        values={name: draw(WORDS) for name in names},
        metrics={name: draw(st.sampled_from([1.0, 2.0, "NaN"])) for name in names},
        outputs={name: output(draw(DIGESTS)[7:], filename) for name in names},
        parts=draw(st.sampled_from([None, parts(), parts(files={"m.py": "1"}, environment="f")])),
        environment=draw(WORDS),
        packages=draw(st.dictionaries(NAMES, WORDS)),
        seconds=draw(st.sampled_from([None, 1.0, 2.0])),
    )


@st.composite
def records(draw: st.DrawFn) -> RunFacts:
    own = {one.node: one for one in draw(st.lists(tasks(), max_size=3))}
    values = draw(st.dictionaries(NAMES, WORDS))
    return RunFacts(run(draw(st.integers(1, 9))), own, values, draw(st.sampled_from([None, 3.0])))


def mirrored(found: RunComparison) -> Any:
    """Return a comparison with each list that follows the order of the runs reversed."""
    plain = msgspec.to_builtins(found)
    plain["runs"].reverse()
    for section in SECTIONS:
        for row in plain[section]:
            for name in ("values", "files", "versions", "names", "seconds", "cached"):
                # the other files of code are no list of runs
                if name in row and (section, name) != ("code", "files"):
                    row[name].reverse()
            for package in row.get("packages", ()):
                package["versions"].reverse()
    return plain


@given(records(), st.integers(2, 4))
def test_a_run_does_not_differ_from_itself(one: RunFacts, times: int) -> None:
    found = compare_runs([one] * times)
    assert all(getattr(found, section) == [] for section in SECTIONS)
    everything = compare_runs([one] * times, everything=True)
    for section in SECTIONS:
        rows = getattr(everything, section)
        assert len(rows) == getattr(found.equal, section)
        assert not any(row.differs for row in rows)


@given(records(), records())
def test_the_other_direction_is_the_mirror(first: RunFacts, second: RunFacts) -> None:
    there, back = compare_runs([first, second], True), compare_runs([second, first], True)
    assert mirrored(there) == msgspec.to_builtins(back)


@given(records(), records(), records())
def test_differences_come_first(first: RunFacts, second: RunFacts, third: RunFacts) -> None:
    three = [first, second, third]
    found, short = compare_runs(three, everything=True), compare_runs(three)
    for section in SECTIONS:
        rows = getattr(found, section)
        assert [row.differs for row in rows] == sorted((row.differs for row in rows), reverse=True)
        assert getattr(short, section) == [row for row in rows if row.differs]


def test_the_sections_of_three_runs() -> None:
    first = record(1, task("a", values={"n": "1"}, metrics={"m": 1.0}), values={"n": "1"})
    second = record(2, task("a", values={"n": "2"}, metrics={"m": 2.0}), values={"n": "2"})
    third = record(3, task("a", values={"n": "2"}, code=code("new", 2)), task("b", 1))
    found = compare_runs([first, second, third])
    assert [(row.node, row.name, row.values) for row in found.parameters] == [
        ("", "n", ["1", "2", None]),
        ("a", "n", ["1", "2", "2"]),
    ]
    assert [row.values for row in found.metrics] == [[1.0, 2.0, None]]
    versions: list[CodeVersion | None] = [code(), code(), code("new", 2)]
    assert [(row.node, row.versions) for row in found.code] == [
        ("a", versions),
        ("b", [None, None, code()]),
    ]


def test_titles_of_nodes_are_shown_with_the_id_if_several_share_one() -> None:
    titled = [TaskFacts(node, label, 0, "succeeded") for node, label in ("ax", "bx", "cy", "dd")]
    found = compare_runs([record(1, *titled), record(2, titled[2])])
    assert found.labels == {"a": "x · a", "b": "x · b", "c": "y"}


def test_packages_are_compared_where_all_are_known() -> None:
    had = task("a", packages={"cow": "1", "sea": "1"}, environment="herd version 1")
    has = task(
        "a", packages={"cow": "2", "sea": "1"}, environment="herd version 2",
        parts=parts(environment="f"),
    )  # fmt: skip
    row = compare_runs([record(1, had), record(2, has)]).environment[0]
    assert (row.nodes, row.names) == (["a"], ["herd version 1", "herd version 2"])
    assert [(one.name, one.versions) for one in row.packages] == [("cow", ["1", "2"])]
    unknown = task("a", environment="image", parts=parts(environment="g"))
    row = compare_runs([record(1, had), record(2, unknown)]).environment[0]
    assert (row.differs, row.packages) == (True, [])


def test_equal_names_are_left_out_if_packages_differ() -> None:
    def shown(*names: str) -> bool:
        runs = [
            record(1, task("a", packages={"cow": number}, environment=name))
            for number, name in zip("12", names, strict=True)
        ]
        return compare_runs(runs).environment[0].has_shown_names

    assert [shown("python3", "python3"), shown("python3", "other")] == [False, True]


def test_nodes_in_one_place_share_a_row() -> None:
    found = compare_runs([record(1, task("a"), task("b", 1))] * 2, everything=True)
    assert [row.nodes for row in found.environment] == [["a", "b"]]


def test_kinds_of_outputs() -> None:
    assert kind_of([output("1", "o.csv"), None]) == "table"
    assert kind_of([output("1", "o.csv"), output("1", "o.png")]) == "file"
    assert kind_of([output("1", "executed.ipynb", picture="2")]) == "picture"
    assert kind_of([output("1", "o.ipynb")]) == "text"
    folder = msgspec.structs.replace(output("1"), digest="tree:1")
    assert kind_of([folder]) == "folder"


def test_a_notebook_is_compared_by_its_picture() -> None:
    files = [output(digest, "executed.ipynb", picture="p") for digest in "12"]
    runs = [record(1, task("a", outputs={"executed.ipynb": file})) for file in files]
    assert compare_runs(runs).outputs == []


def test_the_order_of_nodes_is_that_of_the_graphs() -> None:
    assert nodes_of([record(1, task("z"), task("a", 1)), record(2, task("b", 1))]) == [
        "z", "a", "b"
    ]  # fmt: skip


def test_metrics_as_series() -> None:
    runs = [record(1, task("a", metrics={"m": 1.0})), record(2, task("a", metrics={"n": "NaN"}))]
    assert [(one.name, one.values) for one in series_of(runs)] == [
        ("m", [1.0, None]),
        ("n", [None, "NaN"]),
    ]


def test_a_data_file_beside_the_code_is_an_input() -> None:
    then, now = (
        task(
            "a",
            code=code(digest),
            parts=parts(files={"w/s.csv": digest, "m.py": digest, "n.csv": digest}),
            observed=Observed(read=["w/s.csv", "m.py"]),
        )
        for digest in ("sha256:1", "sha256:2")
    )
    found = compare_runs([record(1, then), record(2, now)])
    (row,) = found.inputs
    assert (row.node, row.name, row.kind, row.differs) == ("a", "w/s.csv", "table", True)
    assert [file and file.digest for file in row.files] == ["sha256:1", "sha256:2"]
    (own,) = found.code
    assert own.files == ["m.py"] and own.shown_names == ["a", "a m.py"]
    same = compare_runs([record(1, then), record(2, then)], everything=True)
    assert [(one.name, one.differs) for one in same.inputs] == [("w/s.csv", False)]


def test_a_changed_data_file_is_no_change_of_the_code() -> None:
    then, now = (
        task("a", parts=parts(files={"s.csv": digest}), observed=Observed(read=["s.csv"]))
        for digest in ("sha256:1", "sha256:2")
    )
    found = compare_runs([record(1, then), record(2, now)])
    assert (len(found.inputs), found.code) == (1, [])
    given = {"x": InputFacts("sha256:1", "s.csv")}
    both = [
        msgspec.structs.replace(one, inputs=data)
        for one, data in ((then, given), (now, {"x": InputFacts("sha256:2", "s.csv")}))
    ]
    found = compare_runs([record(1, both[0]), record(2, both[1])])
    assert [one.name for one in found.inputs] == ["x"], "it is the input itself"
