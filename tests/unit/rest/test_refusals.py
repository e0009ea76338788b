"""Refusals before an operation runs have reasons that a browser can translate."""

import pytest
from tornado import web

from nbyard.reasons.structs import because, text_reason
from nbyard.rest.refusals import BODIES, Refusal, body_of


@pytest.mark.parametrize("status", BODIES)
def test_each_status_has_a_code_and_a_reason(status: int) -> None:
    body = body_of(status, web.HTTPError(status), "r1")
    assert (body.code, body.reason) == BODIES[status]
    assert (body.message, body.request_id) == (str(body.reason), "r1")


def test_a_refusal_gives_its_cause() -> None:
    cause = because("signed-in-as-other", name="bo%b")
    body = body_of(403, Refusal(403, cause), "")
    assert body.reason == because("access-refused-because", problem=cause)
    assert body.message.endswith("You are signed in as bo%b, who may not use this server.")


def test_the_text_of_tornado_is_the_cause() -> None:
    body = body_of(400, web.HTTPError(400, "Malformed header"), "")
    said = text_reason("Malformed header")
    assert body.reason == because("request-unreadable-because", problem=said)


@pytest.mark.parametrize("status", [404, 405, 500])
def test_other_details_are_not_shown(status: int) -> None:
    assert "secret" not in body_of(status, web.HTTPError(status, "secret"), "").message
    assert "secret" not in body_of(status, ValueError("secret"), "").message


def test_an_unknown_error_is_internal() -> None:
    assert body_of(500, None, "").reason == because("error-internal")
