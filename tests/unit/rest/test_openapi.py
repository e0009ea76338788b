"""The OpenAPI document is checked in, valid, and true for real responses."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from nbyard.rest import openapi
from nbyard.services.operation_table import table

pytestmark = [pytest.mark.leaves_running, pytest.mark.slow]
DOCUMENT = openapi.openapi_document()


def test_the_checked_in_document_is_current(repository):
    assert (
        repository / "jupyter_ext/nbyard/rest/openapi.json"
    ).read_text() == openapi.openapi_text()


def test_the_document_is_valid_openapi():
    validate(json.loads(openapi.openapi_text()))


def test_every_operation_is_described_once_with_summary_and_scope():
    found = [m for methods in DOCUMENT["paths"].values() for m in methods.values()]
    names = [operation["operationId"] for operation in found]
    assert len(names) == len(set(names))
    assert {operation.id for operation in table()} <= set(names)
    assert all(operation["summary"] for operation in found)


def test_every_named_schema_exists():
    named = set(re.findall(r"#/components/(\w+)/(\w+)", openapi.openapi_text()))
    assert all(name in DOCUMENT["components"][kind] for kind, name in named)


def test_numbers_in_a_query_declare_their_range():
    found = [m for methods in DOCUMENT["paths"].values() for m in methods.values()]
    described = [one for operation in found for one in operation.get("parameters", [])]
    numbers = [one for one in described if one["schema"].get("type") == "integer"]
    limits = [one["schema"] for one in numbers if one["name"] == "limit"]
    assert numbers and all(one["schema"]["minimum"] in (0, 1) for one in numbers)
    assert limits and all((one["minimum"], one["maximum"]) == (1, 500) for one in limits)


def check(answer: Any, path: str, method: str, status: str) -> None:
    """The body fits what is described for that status."""
    described = DOCUMENT["paths"][path][method]["responses"][status]
    if "$ref" in described:
        described = DOCUMENT["components"]["responses"][status]
    schema = described["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.json)


def test_responses_match_their_schemas(api):
    (api.root / "tool.sh").write_text("#!/bin/sh\necho $1\n")
    (api.root / "a.csv").write_text("a,b\n1,2\n")
    check(api.send("POST", "/executables", {"path": "tool.sh"}), "/executables", "post", "201")
    argument = {"name": "x", "reach": {"kind": "option", "flag": "-x"}}
    draft = {"arguments": [argument], "command": ["sh", "{file}"], "file": "tool.sh"}
    preview = api.send("POST", "/executables/preview", draft)
    check(preview, "/executables/preview", "post", "200")
    assert preview.json["line"] == "sh tool.sh -x <x>"
    dataset = api.send("POST", "/datasets", {"source": {"kind": "file", "path": "a.csv"}})
    check(dataset, "/datasets", "post", "201")
    run = api.send("POST", "/runs", {"path": "tool.sh"})
    check(run, "/runs", "post", "201")
    check(api.send("GET", f"/runs/{run.json['id']}"), "/runs/{run}", "get", "200")
    for path in ("/datasets", "/executables", "/workflows", "/runs", "/events", "/system/doctor"):
        check(api.send("GET", path), path, "get", "200")
    check(api.send("GET", "/runs/nothing"), "/runs/{run}", "get", "404")
    check(api.send("POST", "/runs", b"{"), "/runs", "post", "400")
    begun = api.send("POST", "/uploads", {"filename": "x"})
    check(begun, "/uploads", "post", "201")
    sent = api.send("PATCH", f"/uploads/{begun.json['id']}", b"abc", {"Upload-Offset": "0"})
    check(sent, "/uploads/{upload}", "patch", "200")
