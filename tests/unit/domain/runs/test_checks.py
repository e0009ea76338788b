"""Where only runs of the history count, scratch runs are refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nbyard.domain.runs.checks import NewCheckRun, refuse_scratch
from nbyard.domain.runs.origins import KINDS, SCRATCH, Origin
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.errors import Conflict


def a_run(kind: Any) -> Run:
    texts: dict[str, Any] = dict.fromkeys(
        ("name", "title", "owner", "path", "workflow_id", "runtime"), ""
    )
    return Run(
        id="r", number=1, state="succeeded", workflow_version_id="", parameters={},
        created_at=datetime.now(UTC), origin=Origin(kind), **texts,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_scratch_runs_are_refused(kind: str) -> None:
    run = a_run(kind)
    assert run.is_scratch == (kind in SCRATCH)
    if run.is_scratch:
        with pytest.raises(Conflict):
            refuse_scratch(run)
    else:
        refuse_scratch(run)


def test_a_check_run_is_requested_like_a_run() -> None:
    assert {*NewRun.__struct_fields__} <= {*NewCheckRun.__struct_fields__}
    assert (NewCheckRun().rows, NewCheckRun().files) == (100, 3)
