"""Where only runs of the history count, scratch runs are refused."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.runs.checks import NewCheckRun, refuse_scratch
from nbyard.domain.runs.origins import KINDS, SCRATCH, Origin
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict

from ..comparison.records import run as a_finished_run


@pytest.mark.parametrize("kind", KINDS)
def test_scratch_runs_are_refused(kind: Any) -> None:
    run = msgspec.structs.replace(a_finished_run(), origin=Origin(kind))
    assert run.is_scratch == (kind in SCRATCH)
    if run.is_scratch:
        with pytest.raises(Conflict):
            refuse_scratch(run)
    else:
        refuse_scratch(run)


def test_a_check_run_is_requested_like_a_run() -> None:
    assert {*NewRun.__struct_fields__} <= {*NewCheckRun.__struct_fields__}
    assert (NewCheckRun().rows, NewCheckRun().files) == (100, 3)
