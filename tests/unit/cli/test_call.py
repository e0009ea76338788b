"""`nbyard call` sends a request to any operation."""

import json

import pytest


def test_a_request_with_a_body(shell):
    body = {"name": "wine", "metadata": {"team": "cellar"}}
    made = shell("call", "projects.create", "--body", json.dumps(body))
    assert made.code == 0, made.err
    key = made.json["id"]
    change = json.dumps({"revision": 1, "name": "white-wine"})
    changed = shell("call", "projects.update", f"project={key}", "--body", change)
    assert changed.json["name"] == "white-wine"
    assert shell("call", "projects.delete", "project=white-wine").out == ""


def test_values_of_a_query_have_their_types(shell):
    assert shell("call", "runs.list", "limit=1").json["items"] == []
    refused = shell("call", "runs.list", "limit=one")
    assert refused.code == 2 and "limit: 'one' is not" in refused.err


def test_a_secret_is_read_from_standard_input(shell):
    body = json.dumps({"name": "token", "kind": "token", "fields": {}})
    words = ("call", "credentials.create", "--body", body, "--ask", "fields.secret")
    made = shell(*words, typed="hunter2-long\n")
    assert made.code == 0, made.err
    assert made.json["kept"] == ["secret"] and "hunter2" not in made.out + made.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("runs.crate",), "Unknown operation runs.crate; did you mean runs.create?"),
        (("runs.get",), "runs.get needs run=VALUE."),
        (("runs.get", "rn=1"), "runs.get has no parameter rn"),
        (("runs.get", "run=1", "--body", "{}"), "runs.get accepts no body."),
        (("runs.create", "--body", "[]"), "--body: an object is needed"),
        (("runs.create", "--body", '{"pth": "a"}'), "did you mean path?"),
        (("runs.create", "--body", '{"path": "a"}', "--ask", "path.a"), "path is not an object"),
    ],
)
def test_refusals_name_what_is_wrong(shell, words, message):
    refused = shell("call", *words, typed="x\n")
    assert refused.code == 2 and message in refused.err
