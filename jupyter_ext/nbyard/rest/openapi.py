"""Generates the OpenAPI 3.1 document from the table of operations."""

import re
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec

from nbyard import __version__
from nbyard.domain.paging import MAX_LIMIT
from nbyard.domain.runs.structs import Artifact
from nbyard.errors import ErrorBody, error_classes
from nbyard.services.operation import Field, Operation
from nbyard.services.operation_table import table

BINARY = "application/octet-stream"
REF = "#/components/schemas/{name}"
Json = dict[str, Any]
PRESENTED = re.compile("title|description|writeOnly|x-")
CONTENT_REFUSALS = (400, 403, 404, 409, 422, 500, 503)
# The same ranges as check_limit and check_count of domain.paging.
LIMIT: Json = {"minimum": 1, "maximum": MAX_LIMIT}
COUNT: Json = {"minimum": 0, "format": "int64"}


def openapi_document() -> Json:
    """Return the whole document as JSON data, without the server's address."""
    operations = table()
    bodies = [field.type for op in operations for field in op.placed("body")]
    returned = [op.returns for op in operations if op.returns is not type(None)]
    schemas, components = msgspec.json.schema_components(
        [*bodies, *returned, ErrorBody, Artifact], ref_template=REF
    )
    for component in components.values():
        if "description" in component:
            component["description"] = cleandoc(component["description"])  # msgspec < 0.23
        for schema in component.get("properties", {}).values():
            # The presentation belongs to the field, also if its value may be null.
            for member in schema.get("anyOf", ()):
                schema |= {key: member.pop(key) for key in [*member] if PRESENTED.match(key)}
    by_type = dict(zip(map(repr, [*bodies, *returned]), schemas, strict=False))
    paths: dict[str, Json] = {}
    for op in operations:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, by_type)
    for path, methods in STREAMS.items():
        paths.setdefault(path, {}).update(methods)
    codes: dict[int, list[str]] = {401: ["unauthenticated"]}
    for code, cls in sorted(error_classes().items()):
        codes.setdefault(cls.status, []).append(code)
    error = {"application/json": {"schema": {"$ref": REF.format(name="ErrorBody")}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nbyard",
            "version": __version__,
            "description": "Everything you can ask of nbyard. Paths are below /nbyard/api.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {
                str(status): {"description": f"Code: {', '.join(code_names)}.", "content": error}
                for status, code_names in sorted(codes.items())
            },
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
            },
        },
    }


def openapi_text() -> str:
    """Return the document as the text of the checked-in file."""
    return msgspec.json.format(msgspec.json.encode(openapi_document()), indent=2).decode() + "\n"


def _operation(op: Operation, by_type: Json) -> Json:
    answer: Json = {"description": "Done."}
    if op.returns is not type(None):
        answer["content"] = {"application/json": {"schema": by_type[repr(op.returns)]}}
    refusals = {401, 403, 422, 500, 503}
    if op.placed("path"):
        refusals.add(404)
    if op.method in ("POST", "PATCH"):
        refusals |= {400, 404, 409, 413, 415}
    if op.method == "DELETE":
        refusals.add(409)
    if op.method == "GET":
        refusals |= {400, 404, 409}
    operation_object: Json = {
        "operationId": op.id,
        "tags": [op.noun],
        "summary": op.summary,
        "x-scope": op.scope,
        "parameters": [_parameter(field) for field in op.fields if field.place != "body"],
        "responses": {
            str(op.status): answer,
            **{str(c): {"$ref": f"#/components/responses/{c}"} for c in sorted(refusals)},
        },
    }
    if op.description:
        operation_object["description"] = op.description
    for field in op.placed("body"):
        content = {"application/json": {"schema": by_type[repr(field.type)]}}
        operation_object["requestBody"] = {"required": True, "content": content}
    return operation_object


def _parameter(field: Field) -> Json:
    schema = msgspec.json.schema(field.type)
    if field.place == "header":
        return {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
    if field.default is not msgspec.UNSET:
        schema["default"] = field.default
    if field.type is int:
        schema |= LIMIT if field.name == "limit" else COUNT
    return {
        "name": field.name,
        "in": field.place,
        "required": field.place == "path" or field.default is msgspec.UNSET,
        "schema": schema,
    }


def _variable(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _download(
    operation: str, variables: list[str], *parameters: Json, media: Iterable[str] = (BINARY,)
) -> Json:
    content = {
        media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in media
    }
    return {
        "get": {
            "operationId": operation,
            "tags": [operation.partition(".")[0]],
            "summary": "Download the bytes",
            "parameters": [*map(_variable, variables), *parameters],
            "responses": {
                "200": {"description": "The bytes.", "content": content},
                **{str(c): {"$ref": f"#/components/responses/{c}"} for c in CONTENT_REFUSALS},
            },
        }
    }


PATH: Json = {"name": "path", "in": "query", "schema": {"type": "string", "default": ""}}
# Streamed bodies, which no operation declares.
STREAMS: dict[str, Json] = {
    "/datasets/{dataset}/content": _download(
        "datasets.content",
        ["dataset"],
        {"name": "version", "in": "query", "schema": {"type": "integer", "default": 0, **COUNT}},
    ),
    "/artifacts/{artifact}/content": _download("artifacts.content", ["artifact"]),
    "/runs/{run}/pictures/{digest}": _download(
        "runs.picture", ["run", "digest"], media=("image/png", "image/jpeg")
    ),
    "/runs/{run}/tasks/{node}/inputs/{name}/content": _download(
        "runs.content", ["run", "node", "name"]
    ),
    "/runs/{run}/tasks/{node}/files/content": _download(
        "runs.file",
        ["run", "node"],
        PATH,
    ),
    "/runs/{run}/crate": _download(
        "runs.crate",
        ["run"],
        {"name": "inputs", "in": "query", "schema": {"type": "boolean", "default": True}},
    ),
    "/runs/{run}/bundle": _download("runs.bundle", ["run"]),
    "/projects/{project}/files/content": _download("projects.file", ["project"], PATH),
    "/home/content": _download("home.content", [], PATH),
    "/uploads/{upload}": {
        "patch": {
            "operationId": "uploads.append",
            "tags": ["uploads"],
            "summary": "Send the next bytes of an upload",
            "parameters": [
                _variable("upload"),
                {
                    "name": "Upload-Offset",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0},
                },
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                },
            },
            "responses": {
                "200": {
                    "description": "The upload, with its new offset.",
                    "content": {
                        "application/json": {"schema": {"$ref": REF.format(name="Upload")}}
                    },
                },
                **{
                    str(c): {"$ref": f"#/components/responses/{c}"}
                    for c in (400, 403, 404, 409, 413, 422, 500, 503)
                },
            },
        }
    },
}
