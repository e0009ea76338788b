"""What somebody sees of a run while it goes on."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from nbyard.cli.output.progress import Progress
from nbyard.domain.maps.structs import Element
from nbyard.domain.runs.structs import Task
from nbyard.reasons.structs import text_reason


def detail(state: str, **warnings: str) -> Any:
    told: dict[str, Any] = {"state": state, "cached": False, "reason": "", "runtime": "dask"}
    now = datetime.now(UTC)
    tasks = [
        Task(
            id=node,
            run_id="r",
            node=node,
            label=node,
            created_at=now,
            warning=text_reason(warning),
            **told,
        )
        for node, warning in warnings.items()
    ]
    return SimpleNamespace(tasks=tasks)


def test_settings_without_effect_are_shown_once_with_their_node(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are shown before the first task starts."""
    with Progress(quiet=False) as progress:
        progress.show(detail("waiting", a="no requirements there", b=""), {})
        progress.show(detail("running", a="no requirements there", b=""), {})
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("! a: ")
    assert [line for line in said if line.startswith("!")] == said[:1]
    assert len(said) == 3


def test_of_elements_only_failures_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A map has up to 10,000 of them. They are counted beside its state."""
    whole = detail("running", a="", b="", c="")
    own = whole.tasks
    ended = datetime.now(UTC)
    element = [Element("a", key, f"n={key}", place) for place, key in enumerate("12")]
    replace = msgspec.structs.replace
    own[1] = replace(own[1], state="failed", element=element[0], finished_at=ended)
    own[2] = replace(own[2], state="succeeded", element=element[1], finished_at=ended)
    with Progress(quiet=False) as progress:
        progress.show(whole, {})
    running, failed = capsys.readouterr().err.splitlines()
    assert "2 elements" in running
    assert "b (n=1)" in failed


def test_quiet_output_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True) as progress:
        progress.show(detail("running", a="no requirements there"), {})
    assert capsys.readouterr().err == ""
