"""Requests as Python programs."""

import ast

from nbyard.services.spelling.spell import python_code

from .sent_requests import BY_ID


def test_a_short_request_is_one_line():
    code = python_code(BY_ID["runs.cancel"], {"run": "12"}, [])
    assert code.endswith("connection = connect()\nconnection.runs.cancel(run='12')")


def test_a_long_request_has_a_line_for_each_argument():
    body = {"path": "a" * 50, "parameters": {"b" * 30: 1, "c" * 30: None}}
    code = python_code(BY_ID["runs.create"], {"body": body}, [])
    assert max(map(len, code.splitlines())) <= 88
    call = ast.parse(code.partition("connect()\n")[2], mode="eval").body
    assert isinstance(call, ast.Call)
    assert ast.literal_eval(call.keywords[0].value) == body
    assert code.splitlines()[-1] == ")"


def test_secrets_are_asked_for():
    values = {"credential": "a", "body": {"version": 1}}
    code = python_code(BY_ID["credentials.update"], values, ["fields.secret_access_key"])
    assert "from getpass import getpass" in code
    assert """{'secret_access_key': getpass("Secret access key: ")}""" in code
