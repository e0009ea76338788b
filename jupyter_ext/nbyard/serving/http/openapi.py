"""Describe a served model in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from nbyard.serving.codec import Schema
from nbyard.serving.models import Spec

TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "double"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
ERRORS = {
    "400": "The body cannot be read.",
    "413": "The body is too large.",
    "415": "The encoding is not gzip or deflate, or the body is CSV. Use /invocations for CSV.",
    "422": "A value does not fit the schema. `details` has row and field.",
    "500": "The model raised, or its answer does not fit its schema.",
    "503": "The model is loading, too many rows wait, or an earlier call takes too long.",
    "504": "The call took longer than its time limit.",
}
READS = {
    "/schema": "The input and output columns of the model.",
    "/metadata": "The metadata in the model file.",
    "/health": "Whether the model is loaded.",
    "/metrics": "Metrics of the server, for Prometheus.",
    "/v2": "The server, in the Open Inference Protocol.",
    "/v2/health/live": "Whether the server responds.",
    "/v2/health/ready": "Whether the model is loaded.",
    "/v2/models/{model}": "The input and output tensors of the model.",
    "/v2/models/{model}/versions/{version}": "The input and output tensors of a version.",
    "/v2/models/{model}/ready": "Whether the model is loaded.",
    "/v2/models/{model}/versions/{version}/ready": "Whether a version is loaded.",
}
INFER = "/v2/models/{model}/infer"
INFER_VERSION = "/v2/models/{model}/versions/{version}/infer"


def document(spec: Spec) -> dict[str, Any]:
    """Build the OpenAPI document of a model. Paths are relative to the URL of the server."""
    paths: dict[str, Any] = {
        path: {"get": _operation(path, summary, {})} for path, summary in READS.items()
    }
    record = {"$ref": "#/components/schemas/Record"}
    asked = {"oneOf": [record, {"type": "array", "items": record}]}
    paths["/predict"] = {"post": _post_operation("/predict", "Predict one or more records.", asked)}
    paths["/invocations"] = {
        "post": _post_operation("/invocations", "Predict, in the format of MLflow.", {})
    }
    for path in (INFER, INFER_VERSION):
        paths[path] = {
            "post": _post_operation(path, "Predict, in the Open Inference Protocol.", {})
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": spec.name, "version": spec.version},
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": {
                "Record": _record(spec.inputs),
                "Prediction": _record(spec.outputs),
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                },
            }
        },
    }


def _operation(path: str, summary: str, more: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in ("model", "version") if f"{{{name}}}" in path]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    operation: dict[str, Any] = {"summary": summary, "responses": {"200": {"description": "Done."}}}
    return operation | ({"parameters": parameters} if parameters else {}) | more


def _post_operation(path: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers: dict[str, Any] = {
        status: {"description": said, "content": error} for status, said in ERRORS.items()
    }
    answers["200"] = {"description": "Predicted.", "content": {"application/json": {"schema": {}}}}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return _operation(path, summary, {"requestBody": body, "responses": answers})


def _record(schema: Schema) -> dict[str, Any]:
    properties = {}
    for column in schema.columns:
        field_schema = dict(TYPES[column.type])
        if column.nullable:
            field_schema["type"] = [field_schema["type"], "null"]
        properties[column.name] = field_schema
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [column.name for column in schema.columns if not column.nullable],
        "properties": properties,
    }
