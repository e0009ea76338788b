"""Records of runs with as little said as a test needs."""

from datetime import UTC, datetime
from typing import Any

from nbyard.domain.comparison.facts import CodeVersion, InputFacts, OutputFile, RunFacts, TaskFacts
from nbyard.domain.digest import KeyParts
from nbyard.domain.runs.structs import Run

START = datetime(2026, 1, 2, tzinfo=UTC)


def run(number: int = 1) -> Run:
    texts = ("name", "owner", "path", "workflow_id", "workflow_version_id", "runtime")
    empty: dict[str, Any] = dict.fromkeys(texts, "")
    return Run(
        id=str(number), number=number, title="t", state="succeeded", parameters={},
        created_at=START, **empty,
    )  # fmt: skip


def parts(**changes: Any) -> KeyParts:
    given: dict[str, Any] = {"code": "c", "values": {}, "inputs": {}, "files": {}}
    return KeyParts(**{**given, "environment": "e", "declaration": "d", **changes})


def code(digest: str = "c", number: int = 1) -> CodeVersion:
    return CodeVersion("x", f"v{number}", number, "n.ipynb", digest)


def output(digest: str, filename: str = "o.csv", **more: Any) -> OutputFile:
    return OutputFile("a", filename, filename.rpartition(".")[2], f"sha256:{digest}", 1, **more)


def task(node: str, place: int = 0, **more: Any) -> TaskFacts:
    given: dict[str, Any] = {"state": "succeeded", "code": code(), "parts": parts(), **more}
    return TaskFacts(node, node, place, **given)


def record(number: int, *tasks: TaskFacts, **more: Any) -> RunFacts:
    return RunFacts(run(number), {one.node: one for one in tasks}, **more)


def given(node: str, digest: str) -> dict[str, InputFacts]:
    """The input `x` from the output `o` of a node."""
    return {"x": InputFacts(f"sha256:{digest}", node=node, output="o")}
