"""Changes of values and packages, and their order at a node."""

from typing import Any

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.explanation import differing_names, package_change, value_change
from nbyard.domain.comparison.causes import MAX_VALUE_CHARS, NodeCauses, changed_files
from nbyard.domain.comparison.facts import InputFacts, TaskFacts
from nbyard.reasons.structs import because

from .records import code, parts, task


def test_changes_as_texts() -> None:
    assert value_change("n", "1", None) == because("value-removed", name="n", old="1")
    assert str(package_change("cow", None, "1")) == "gained cow 1"
    assert str(package_change("cow", "1", None)) == "lost cow 1"


def test_values_come_before_code_and_are_cut() -> None:
    old = task("a", values={"n": "1" * 500})
    found = list(NodeCauses(old, task("a", code=code("new", 2)), 3).find())
    assert [(one.kind, one.distance) for one in found] == [("parameter", 3), ("code", 3)]
    assert found[0].before is not None and len(found[0].before) == MAX_VALUE_CHARS
    assert [one.number for one in found[1].code] == [1, 2]


def test_files_that_count_are_those_that_are_read_and_no_input() -> None:
    def beside(digest: str, **more: Any) -> TaskFacts:
        files = {"sales.csv": f"sha256:{digest}", "notes.md": digest, "m.py": digest}
        observed = Observed(["sales.csv", "m.py"])
        return task("a", parts=parts(files=files), observed=observed, **more)

    inputs = [{"x": InputFacts(f"sha256:{digest}", "sales.csv")} for digest in "12"]
    assert changed_files(beside("1"), beside("2")) == ["m.py", "sales.csv"]
    then, now = (beside(digest, inputs=one) for digest, one in zip("12", inputs, strict=True))
    assert changed_files(then, now) == ["m.py"]
    assert changed_files(then, task("a", parts=None)) == []


def test_names_that_differ_are_sorted() -> None:
    assert differing_names({"b": 1, "a": 1, "c": 1}, {"c": 1, "d": 1}) == ["a", "b", "d"]
