"""A finished run."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.rest.identity import local_name


@pytest.fixture
def made(yard, echo, dispatcher):
    caller = Caller(local_name())
    run = yard.services.runs.create(caller, NewRun(path=echo, name="hello"))
    get = yard.services.runs.get
    return dispatcher.until(lambda: get(caller, run.id), lambda d: d.run.state == "succeeded")
