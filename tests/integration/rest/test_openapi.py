"""The server answers any request as its OpenAPI document describes."""

import json
from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.rest import openapi

pytestmark = pytest.mark.leaves_running
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
schema = schemathesis.openapi.from_dict(json.loads(openapi.openapi_text()))


# With a parameter each operation has a name of its own: else pytest-xdist would run only one.
@pytest.fixture(params=["http"])
def ask(api: JupyterServer) -> Callable[[schemathesis.Case], None]:
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(
            base_url=f"{api.url}/nbyard/api",
            headers={"Authorization": f"token {TOKEN}"},
            checks=list(CHECKS),
            timeout=60,
        )

    return send


@pytest.mark.sample(14)
@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_responses_to_generated_requests_match_the_openapi_document(
    ask: Callable[[schemathesis.Case], None], case: schemathesis.Case
):
    """The server returns only described statuses and bodies, and no 5xx."""
    ask(case)
