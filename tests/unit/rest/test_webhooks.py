"""Webhooks over HTTP: signed messages only, each once, and not too many."""

import secrets
import time
from typing import Any

import pytest
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.domain.automations.webhooks import (
    ID,
    MOST_BYTES,
    SIGNATURE,
    TIMESTAMP,
    secret_text,
    signature_of,
)
from nbyard.services.automations.deliveries import MOST_REFUSED

pytestmark = pytest.mark.leaves_running
BODY = b'{"n": 3, "city": {"name": "Bern"}}'


def create(api: JupyterServer, **more: Any) -> dict[str, Any]:
    (api.root / "hook.py").write_text("print()\n")
    body = {"run": {"path": "hook.py"}, "on": {"kind": "webhook", **more.pop("on", {})}, **more}
    answer = api.send("POST", "/automations", body)
    assert answer.status == 201, answer.json
    return dict(answer.json)


def post(
    api: JupyterServer, made: dict[str, Any], body: bytes = BODY, **change: str | None
) -> Answer:
    """Send a message as its sender would, apart from the changed headers."""
    message_id, sent = change.pop("id", None) or secrets.token_hex(8), str(int(time.time()))
    secret = change.pop("secret", None) or made["secret"]
    headers = {
        ID: message_id,
        TIMESTAMP: sent,
        SIGNATURE: signature_of(secret, message_id, sent, body),
        **{f"webhook-{name}": value for name, value in change.items() if value is not None},
    }
    headers = {name: value for name, value in headers.items() if value}
    return api.request("POST", f"/{made['address']}", body, headers)


def firings(api: JupyterServer, made: dict[str, Any]) -> list[dict[str, Any]]:
    return list(api.send("GET", f"/automations/{made['id']}/firings").json["items"])


def test_a_signed_message_needs_no_token(api):
    made = create(api)
    answer = post(api, made, id="msg_1")
    assert answer.status == 202
    (firing,) = firings(api, made)
    assert answer.json == {"id": firing["id"]}
    assert firing["cause"]["kind"] == "webhook" and firing["cause"]["webhook_id"] == "msg_1"


def test_the_secret_is_shown_once(api):
    made = create(api)
    assert made["secret"].startswith("whsec_")
    assert api.send("GET", f"/automations/{made['id']}").json["secret"] == ""
    assert made["secret"] not in api.send("GET", "/automations").content.decode()
    renewed = api.send("POST", f"/automations/{made['id']}/rotate").json
    assert post(api, made).status == 403
    assert post(api, renewed).status == 202


def test_every_refusal_has_the_same_response(api):
    made, off = create(api), create(api)
    api.send("POST", f"/automations/{off['id']}/disable")
    other = create(api, on={"kind": "notebook"}) | {"secret": made["secret"]}
    other["address"] = made["address"].replace(made["id"], other["id"])
    unknown = {**made, "address": "nbyard/api/hooks/01a21572-a56b-7e9d-9707-3f7bf496e07b"}
    old = str(int(time.time()) - 600)
    late = signature_of(made["secret"], "late", old, BODY)
    answers = [
        post(api, unknown),
        post(api, off),
        post(api, other),
        post(api, made, secret=secret_text(bytes(32))),
        post(api, made, signature=""),
        post(api, made, signature="v1,AAAA"),
        post(api, made, timestamp=""),
        post(api, made, timestamp="yesterday"),
        post(api, made, id="late", timestamp=old, signature=late),
        post(api, {**made, "address": "nbyard/api/hooks/%00"}),
        post(api, {**made, "address": "nbyard/api/hooks/" + "x" * 500}),
    ]
    for answer in answers:
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
    bodies = [{k: v for k, v in a.json.items() if k != "request_id"} for a in answers]
    assert all(body == bodies[0] for body in bodies)
    assert firings(api, made) == firings(api, off) == []


def test_a_message_is_accepted_once(api):
    made = create(api)
    assert post(api, made, id="msg_1").status == 202
    for body in (BODY, b"{}"):
        again = post(api, made, body, id="msg_1")
        assert (again.status, again.json["code"]) == (409, "conflict")
    assert post(api, create(api), id="msg_1").status == 202
    assert len(firings(api, made)) == 1


def test_too_many_messages_are_refused_for_a_while(api):
    made = create(api, on={"most_per_minute": 2})
    assert [post(api, made).status for _ in range(3)] == [202, 202, 429]
    refused = post(api, made)
    assert refused.json["code"] == "too-often"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert len(firings(api, made)) == 2
    # Strangers cannot use up the rate.
    other = create(api, on={"most_per_minute": 1})
    assert post(api, other, secret=made["secret"]).status == 403
    assert post(api, other).status == 202


def test_refusals_count_for_the_address_that_the_server_trusts(api, monkeypatch):
    """A proxy names the sender in a header, which anyone can send to a server without one."""
    made = create(api)
    address = f"/{made['address']}"

    def refused(sender: str, times: int) -> list[int]:
        headers = {"X-Forwarded-For": sender, SIGNATURE: "v1,AAAA"}
        return [api.request("POST", address, BODY, headers).status for _ in range(times)]

    assert refused("203.0.113.1", MOST_REFUSED) == [403] * MOST_REFUSED
    assert refused("203.0.113.2", 1) == [429]
    assert post(api, made).status == 429
    # As jupyter-server sets it with `trust_xheaders`.
    monkeypatch.setattr(api.app.http_server, "xheaders", True)
    assert refused("203.0.113.3", MOST_REFUSED + 1)[-2:] == [403, 429]
    assert refused("203.0.113.4", 1) == [403]
    # The first address of a chain is what the sender wrote; the proxy adds the last one.
    assert refused("203.0.113.9, 203.0.113.3", 1) == [429]


def test_a_large_message_is_refused(api):
    made = create(api)
    assert post(api, made, b" " * MOST_BYTES).status == 202
    answer = post(api, made, b" " * (MOST_BYTES + 1))
    assert (answer.status, answer.json["code"]) == (413, "too-large")


def test_values_of_the_body_are_named_if_they_are_missing(api):
    (api.root / "flow.nbflow").write_text(
        '{"version": 1, "meta": {"parameters": {"n": {"type": "int", "default": 1}}},'
        ' "nodes": {"a": {"type": "executable", "path": "hook.py"}}, "edges": {}}'
    )
    made = create(api, run={"path": "flow.nbflow"}, values_from={"n": "body.n"})
    assert post(api, made).status == 202
    for body in (b"{}", b"not JSON", b'{"n": 1, "n": 2}', b"\xff", b""):
        answer = post(api, made, body)
        assert answer.status == 422, answer.json
    assert [one["outcome"] for one in firings(api, made)] == ["failed"] * 5 + ["waiting"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_unknown(api, method):
    answer = api.request(method, f"/{create(api)['address']}", None, {})
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_a_token_or_a_cookie_replaces_no_signature(api):
    made = create(api)
    page = api.request("GET", f"/login?token={TOKEN}", None, {})
    cookies = "; ".join(c.partition(";")[0] for c in page.headers.get_all("Set-Cookie", []))
    for headers in ({"Authorization": f"token {TOKEN}"}, {"Cookie": cookies}):
        assert api.request("POST", f"/{made['address']}", BODY, headers).status == 403


def test_no_secret_is_logged_or_returned(api, caplog):
    made = create(api)
    post(api, made, id="msg_9")
    post(api, made, signature="v1,AAAA")
    events = api.send("GET", "/events").content.decode()
    key = made["secret"].removeprefix("whsec_")
    assert key not in events and key not in caplog.text
