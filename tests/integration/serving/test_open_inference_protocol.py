"""The Open Inference Protocol v2, path by path."""

import json
import struct
from typing import Any

import pytest

from nbyard.serving.codec import Column, Schema
from nbyard.serving.http.open_inference_protocol import (
    DATATYPES,
    TAKEN,
    MalformedRequest,
    outputs_of,
    read_request,
)

X = {"name": "x", "shape": [2], "datatype": "FP64", "data": [1, 2]}
NOTE = {"name": "note", "shape": [1], "datatype": "BYTES", "data": ["a"]}
INFER = "/v2/models/doubling/infer"


def tensor(**changes: Any) -> dict[str, Any]:
    return {**X, **changes}


def test_server_returns_its_metadata(server):
    found = server.ask("/v2").body
    assert set(found) == {"name", "version", "extensions"}


@pytest.mark.parametrize("path", ["/v2/health/live", "/v2/health/ready"])
def test_health_paths_return_ready_and_live(server, path):
    assert server.ask(path).body == {path.rpartition("/")[2]: True}


@pytest.mark.parametrize("path", ["/v2/models/doubling", "/v2/models/doubling/versions/v1"])
def test_model_metadata_lists_its_tensors(server, path):
    assert server.ask(path).body == {
        "name": "doubling",
        "versions": ["v1"],
        "platform": "python",
        "inputs": [
            {"name": "x", "datatype": "FP64", "shape": [-1]},
            {"name": "note", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [
            {"name": "y", "datatype": "FP64", "shape": [-1]},
            {"name": "calls", "datatype": "INT64", "shape": [-1]},
            {"name": "rows", "datatype": "INT64", "shape": [-1]},
        ],
    }
    assert server.ask(f"{path}/ready").body == {"name": "doubling", "ready": True}


def test_tensors_can_be_sent_as_bytes(server):
    """tritonclient sends bytes, and requests bytes in return but accepts JSON."""
    told = {
        "inputs": [
            {
                "name": "x",
                "shape": [2, 1],
                "datatype": "FP32",
                "parameters": {"binary_data_size": 8},
            }
        ],
        "outputs": [{"name": "y", "parameters": {"binary_data": True}}],
    }
    text = json.dumps(told).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))}
    found = server.ask(INFER, text + struct.pack("<2f", 1.5, 2), headers=headers)
    assert found.status == 200, found.body
    assert found.body["outputs"] == [
        {"name": "y", "shape": [2], "datatype": "FP64", "data": [3, 4]}
    ]
    found = server.ask(INFER, text, headers=headers)
    assert found.status == 400 and "binary_data_size must be" in found.body["error"]


@pytest.mark.parametrize("path", [INFER, "/v2/models/doubling/versions/v1/infer"])
def test_response_has_the_request_id_and_the_requested_outputs(server, path):
    body = {
        "id": "42",
        "parameters": {"a": 1},
        "inputs": [X, {**tensor(name="note"), "datatype": "BYTES", "data": ["a", "b"]}],
        "outputs": [{"name": "rows"}, {"name": "y", "parameters": {}}],
    }
    assert server.ask(path, body).body == {
        "model_name": "doubling",
        "model_version": "v1",
        "id": "42",
        "outputs": [
            {"name": "rows", "shape": [2], "datatype": "INT64", "data": [2, 2]},
            {"name": "y", "shape": [2], "datatype": "FP64", "data": [2.0, 4.0]},
        ],
    }


@pytest.mark.parametrize(
    "path",
    ["/v2/models/other", "/v2/models/doubling/versions/v2", "/v2/models/other/infer", "/v2/x"],
)
def test_unknown_model_or_version_returns_404(server, path):
    found = server.ask(path, {"inputs": [X]} if path.endswith("infer") else None)
    assert (found.status, set(found.body)) == (404, {"error"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "an object is needed"),
        ({}, "inputs: a list of tensors"),
        ({"inputs": []}, "inputs: a list of tensors"),
        ({"inputs": [X], "more": 1}, "more: unknown field"),
        ({"inputs": [X], "id": 1}, "id: text"),
        ({"inputs": [X], "parameters": 1}, "parameters: an object"),
        ({"inputs": [7]}, "inputs.0.: a tensor must be an object"),
        ({"inputs": [tensor(parameters=[])]}, "inputs.0..parameters"),
        ({"inputs": [{"name": "x"}]}, "inputs.0..shape: is missing"),
        ({"inputs": [tensor(name=1)]}, "inputs.0..name: text"),
        ({"inputs": [tensor(datatype="FP8")]}, "inputs.0..datatype: there are: BOOL"),
        ({"inputs": [tensor(shape=[3])]}, "has 2 values, the shape .3. 3"),
        ({"inputs": [tensor(shape=[])]}, "inputs.0..shape"),
        ({"inputs": [tensor(shape=[-1])]}, "inputs.0..shape"),
        ({"inputs": [tensor(shape=[2.0])]}, "inputs.0..shape"),
        ({"inputs": [tensor(shape=[1, 2]), NOTE]}, "x: the shape .1, 2. is not a column"),
        ({"inputs": [tensor(data=3)]}, "inputs.0..data: a list"),
        ({"inputs": [tensor(data=[[1], [2]])]}, "does not have the shape"),
        ({"inputs": [tensor(data=["a", "b"])]}, "a value is not of the type FP64"),
        ({"inputs": [tensor(datatype="UINT8", data=[1, 256])]}, "a value is not of the type UINT8"),
        ({"inputs": [tensor(datatype="BOOL", data=[True, False])]}, "BOOL is no float"),
        ({"inputs": [X, X]}, "two tensors have the same name"),
        ({"inputs": [tensor(name="z")]}, "z: unknown input"),
        ({"inputs": [tensor(name="note", datatype="BYTES", data=["a", "b"])]}, "x: this input"),
        ({"inputs": [X, NOTE]}, "note: has 1 rows, another input 2"),
        ({"inputs": [X], "outputs": 1}, "outputs: a list"),
        ({"inputs": [X], "outputs": [{"name": "z"}]}, "outputs.0..name: there are: y"),
        ({"inputs": [X], "outputs": [{"name": "y", "parameters": 1}]}, "outputs.0..parameters"),
    ],
)
def test_protocol_violation_returns_400_with_its_path(server, body, words):
    found = server.ask(INFER, body)
    assert (found.status, set(found.body)) == (400, {"error"})
    with pytest.raises(MalformedRequest, match=words):
        read_request(body, INPUTS, INPUTS_AND_OUTPUTS)


INPUTS = Schema([Column("x", "float"), Column("note", "str", True)])
INPUTS_AND_OUTPUTS = Schema([Column("y", "float"), Column("calls", "int")])


def test_value_that_does_not_fit_its_column_returns_422(server):
    found = server.ask(INFER, {"inputs": [tensor(data=[1, None])]})
    assert found.status == 422
    assert "row 1, field 'x'" in found.body["error"]


def test_exception_of_the_model_returns_an_error(server):
    found = server.ask(INFER, {"inputs": [tensor(data=[-1, 2])]})
    assert found.body["error"].endswith("ValueError: x is negative")


VALUES = {"BOOL": [True, False], "BYTES": ["2026-01-31", "2026-02-01"]}


@pytest.mark.parametrize("datatype", DATATYPES)
@pytest.mark.parametrize("kind", sorted(TAKEN))
def test_each_datatype_is_accepted_for_matching_column_types(datatype, kind):
    schema = Schema([Column("x", kind)])
    body = {"inputs": [tensor(datatype=datatype, data=VALUES.get(datatype, [1, 2]))]}
    if datatype in TAKEN[kind]:
        assert len(read_request(body, schema, schema).columns[0]) == 2
    else:
        with pytest.raises(MalformedRequest, match=f"{datatype} is no {kind}"):
            read_request(body, schema, schema)


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_columns_of_one_type_can_be_sent_as_one_tensor(data):
    schema = Schema([Column("a", "float"), Column("b", "float")])
    body = {"inputs": [{"name": "rows", "shape": [2, 2], "datatype": "FP32", "data": data}]}
    assert read_request(body, schema, schema).columns == [[1, 3], [2, 4]]


def test_column_can_have_a_second_dimension_of_one():
    schema = Schema([Column("x", "int")])
    body = {"inputs": [tensor(datatype="INT8", shape=[2, 1], data=[[1], [2]])]}
    assert read_request(body, schema, schema).columns == [[1, 2]]


def test_times_are_sent_as_bytes():
    schema = Schema([Column("d", "date")])
    found = outputs_of([["2026-01-31"]], schema, [])
    assert found == [{"name": "d", "shape": [1], "datatype": "BYTES", "data": ["2026-01-31"]}]
