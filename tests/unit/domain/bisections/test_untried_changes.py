"""Changes that a bisection cannot try."""

from nbyard.domain.attempts.outside_files import FileState, OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.bisections.mixed_plans import MAX_PACKAGES, BisectionChange, untried_changes

from ..comparison.records import parts, record, task


def texts(changes: list[BisectionChange]) -> list[tuple[str, list[str], str]]:
    return [(one.kind, one.nodes, str(one.reason)) for one in changes]


def test_packages_of_the_machine_are_named_once_for_all_nodes() -> None:
    good, bad = (
        record(
            number,
            *(task(node, parts=parts(environment=f"{number}"), packages=own) for node in "ab"),
        )
        for number, own in ((1, {"numpy": "2"}), (2, {"numpy": "2", "cowsay": "6.1"}))
    )
    assert texts(untried_changes(good, bad, [])) == [("package", ["a", "b"], "gained cowsay 6.1")]
    restored = [BisectionChange("environment", ["a", "b"], "other")]
    assert untried_changes(good, bad, restored) == []


def test_unknown_packages_are_another_environment() -> None:
    good, bad = (record(n, task("a", parts=parts(environment=f"{n}"))) for n in (1, 2))
    assert texts(untried_changes(good, bad, [])) == [
        ("environment", ["a"], "its environment changed")
    ]


def test_very_many_packages_are_counted() -> None:
    good, bad = (
        record(
            number,
            task("a", parts=parts(environment=f"{number}"), packages=dict.fromkeys("abcdefgh", v)),
        )
        for number, v in ((1, "1"), (2, "2"))
    )
    found = texts(untried_changes(good, bad, []))
    assert len(found) == MAX_PACKAGES + 1 and found[-1][2] == "and 3 more"


def test_files_outside_the_project_are_named() -> None:
    good, bad = (
        record(
            number,
            task(
                "a",
                observed=Observed(
                    outside={"/d": OutsideFile(FileState("file", 1), True, f"sha256:{number}")}
                ),
            ),
        )
        for number in (1, 2)
    )
    assert texts(untried_changes(good, bad, [])) == [("outside", ["a"], "the file /d changed")]
