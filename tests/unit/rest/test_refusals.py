"""Refusals before an operation runs have the body of other errors."""

import pytest
from tornado import web

from nbyard.rest.operation_handler import BODIES, Refusal, body_of


@pytest.mark.parametrize("status", BODIES)
def test_each_status_has_a_code_and_a_reason(status):
    body = body_of(status, web.HTTPError(status), "r1")
    assert (body.code, body.message, body.request_id) == (*BODIES[status], "r1")


def test_a_refusal_gives_its_cause() -> None:
    body = body_of(403, Refusal(403, "You are bo%b."), "")
    assert body.code == "forbidden" and body.message.endswith(". You are bo%b.")


def test_the_text_of_tornado_is_the_cause() -> None:
    body = body_of(400, web.HTTPError(400, "Malformed header"), "")
    assert body.code == "bad-request" and body.message.endswith(" Malformed header")


@pytest.mark.parametrize("status", [404, 405, 500])
def test_other_details_are_not_shown(status):
    assert "secret" not in body_of(status, web.HTTPError(status, "secret"), "").message
    assert "secret" not in body_of(status, ValueError("secret"), "").message


def test_an_unknown_error_is_internal() -> None:
    assert body_of(500, None, "").code == "internal"
