"""The mode http on a real server: plain JSON, errors, limits and shutdown."""

import contextlib
import gzip
import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException

import pytest
from openapi_spec_validator import validate

from nbyard.domain.deployments.deployment_status import failure_line
from nbyard.domain.deployments.keys import hash_of_key

from ...unit.serving.models import MODEL, SPEC, write_model
from .conftest import SECONDS, start, stop, until

ONE = {"x": 1.5}


def test_one_record_has_one_prediction(server):
    found = server.ask("/predict", ONE)
    assert (found.status, found.body["prediction"]["y"]) == (200, 3.0)


def test_many_records_have_predictions_in_order(server):
    found = server.ask("/predict", [{"x": n, "note": "n"} for n in range(5)])
    assert [one["y"] for one in found.body["predictions"]] == [0, 2, 4, 6, 8]
    assert found.body["predictions"][0]["rows"] == 5


def test_gzip_body_is_accepted_and_other_encodings_are_refused(server):
    body = gzip.compress(json.dumps(ONE).encode())
    found = server.ask("/predict", body, headers={"Content-Encoding": "gzip"})
    assert (found.status, found.body["prediction"]["y"]) == (200, 3.0)
    found = server.ask("/predict", body, headers={"Content-Encoding": "br"})
    assert found.status == 415 and "content encoding 'br'" in found.body["error"]
    found = server.ask(
        "/predict", gzip.compress(bytes(10**6)), headers={"Content-Encoding": "gzip"}
    )
    assert found.status == 413


def test_invocations_accept_csv(server):
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    found = server.ask("/invocations", b"note,x\na,1.5\n,2\n", headers=headers)
    assert [one["y"] for one in found.body["predictions"]] == [3.0, 4.0]
    found = server.ask("/invocations", b"x\none\n", headers=headers)
    assert found.status == 422 and found.body["details"][0]["field"] == "x"


def test_csv_elsewhere_is_refused_with_the_path_that_accepts_it(server):
    headers = {"Content-Type": "text/csv"}
    for path in ("/predict", "/v2/models/doubling/infer"):
        found = server.ask(path, b"x\n1.5\n", headers=headers)
        assert found.status == 415
        assert found.body["error"].startswith(f"{path} accepts JSON; ")
    # curl -d sends JSON under another type
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.ask("/predict", json.dumps(ONE).encode(), headers=form).status == 200
    found = server.ask("/predict", b"x\n1.5\n", headers=form)
    assert found.status == 400
    assert found.body["error"].endswith("with Content-Type: text/csv")


def test_no_records_have_no_predictions(server):
    assert server.ask("/predict", []).body == {"predictions": []}


def test_schema_and_metadata_are_returned(server):
    assert server.ask("/schema").body == {
        "input_schema": SPEC["input_schema"],
        "output_schema": SPEC["output_schema"],
    }
    assert server.ask("/metadata").body == {"metadata": {"author": "ann"}}
    assert server.ask("/").body["name"] == "doubling"
    assert server.ask("/health").body == {"ready": True}


def test_the_openapi_document_is_valid_and_names_the_columns(server):
    told = server.ask("/openapi.json").body
    validate(told)
    assert json.dumps(told, allow_nan=False)
    record = told["components"]["schemas"]["Record"]
    assert record["required"] == ["x"]
    assert record["properties"]["note"]["type"] == ["string", "null"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"x": "1"}, {"row": 0, "field": "x", "message": "a number is needed, not '1'"}),
        ([ONE, {}], {"row": 1, "field": "x", "message": "is missing"}),
        ([{"x": None}], {"row": 0, "field": "x", "message": "a number is needed, not null"}),
    ],
)
def test_invalid_field_is_named_with_its_row(server, body, detail):
    found = server.ask("/predict", body)
    assert found.status == 422
    assert found.body["details"] == [detail]
    assert f"row {detail['row']}, field 'x'" in found.body["error"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", b'{"x": NaN}', b"7", b'"x"'])
def test_body_without_records_returns_400(server, body):
    found = server.ask("/predict", body, "POST")
    assert found.status == 400
    assert found.body["error"]


def test_model_exception_is_a_json_error_with_traceback_in_the_log(server):
    found = server.ask("/predict", {"x": -1})
    assert found.status == 500 and "ValueError: x is negative" in found.body["error"]
    assert 'raise ValueError("x is negative")' in server.log.read_text()


def test_prediction_that_does_not_fit_its_schema_is_an_error(server):
    found = server.ask("/predict", {"x": 13})
    assert found.status == 500
    assert "field 'y': is missing" in found.body["error"]


def test_unknown_paths_and_methods_are_refused(server):
    assert server.ask("/nothing").status == 404
    found = server.ask("/predict")
    assert (found.status, found.headers["allow"]) == (405, "POST")
    assert server.ask("/schema", b"", "DELETE").status == 405
    assert server.ask("/schema/").status == 200


def test_listed_paths_are_spelled_as_they_are_requested(server, serve):
    """Names are percent-encoded."""
    told = server.ask("/").body["paths"]
    assert {"/predict", "/v2/models/doubling", "/v2/models/doubling/versions/v1/infer"} <= {*told}
    reads = [path for path in told if path.startswith("/v2") and not path.endswith("/infer")]
    assert {server.ask(path).status for path in reads} == {200}
    found = server.ask("/v2/models/Doubling")
    assert found.status == 404 and "at /v2/models/doubling/versions/v1" in found.body["error"]
    spaced = serve(spec=SPEC | {"name": "Churn of café/1"})
    told = [path for path in spaced.ask("/").body["paths"] if "versions" in path]
    assert told[0] == "/v2/models/Churn%20of%20caf%C3%A9%2F1/versions/v1"
    assert spaced.ask(told[0]).body["name"] == "Churn of café/1"


def test_body_above_the_size_limit_is_refused(server):
    found = server.ask("/predict", {"x": 1, "note": "n" * 200_000})
    assert found.status == 413 and "100000 bytes" in found.body["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["x", "note"], "data": [[1, None], [2, "a"]]}},
        {"dataframe_records": [{"x": 1}, {"x": 2}]},
        {"instances": [{"x": 1}, {"x": 2}]},
        {"instances": [[1, None], [2, None]]},
        {"inputs": {"x": [1, 2]}},
    ],
)
def test_request_formats_of_mlflow_are_accepted(server, body):
    found = server.ask("/invocations", body)
    assert [one["y"] for one in found.body["predictions"]] == [2, 4]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"instances": 1}, 400),
        ({"inputs": {"x": [1], "note": []}}, 400),
        ({"dataframe_split": {"columns": ["x"], "data": [[1, 2]]}}, 400),
        ({"dataframe_split": {"columns": [[]], "data": [[1]]}}, 400),
        ({"dataframe_split": {"columns": ["x", "x"], "data": [[1, 2]]}}, 400),
        ({"instances": [{"x": "a"}]}, 422),
    ],
)
def test_invalid_mlflow_requests_are_refused(server, body, status):
    assert server.ask("/invocations", body).status == status


def test_metrics_count_requests_rows_and_calls(server):
    server.ask("/predict", ONE)
    text = server.ask("/metrics").body
    assert 'nbyard_requests_total{route="/predict",status="200"}' in text
    assert 'nbyard_request_seconds_bucket{route="/predict",le="+Inf"}' in text
    assert "nbyard_model_ready 1" in text


def test_truncated_body_is_not_predicted(server):
    """This includes a table that is cut at the end of a line and so looks complete."""
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head + b"Content-Length: 100\r\n\r\na,b\n1,2\n")
    counted = 'nbyard_requests_total{route="/invocations",status="400"}'
    before = server.ask("/metrics").body
    until(lambda: counted in server.ask("/metrics").body, server)
    assert before.count('route="/invocations",status="200"') == server.ask("/metrics").body.count(
        'route="/invocations",status="200"'
    )


GATED = """
import pathlib, time


class Doubling:
    def predict(self, frame):
        while frame["x"].max() == 99 and not pathlib.Path("go").exists():
            time.sleep(0.01)
        if (frame["x"] < 0).any():
            raise ValueError("x is negative")
        return (frame[["x"]] * 2).rename(columns={"x": "y"}).assign(calls=1, rows=len(frame))
"""
SLOW = {"x": 99}


def test_waiting_requests_are_batched_and_only_the_invalid_one_fails(serve, tmp_path):
    server = serve(GATED)
    with ThreadPoolExecutor(10) as pool:
        busy = pool.submit(server.ask, "/predict", SLOW)
        until(lambda: _number(server, "nbyard_model_calls_total") == 1, server)
        asked = [-1.0, *map(float, range(1, 9))]
        behind = [pool.submit(server.ask, "/predict", {"x": x}) for x in asked]
        until(lambda: _number(server, "nbyard_rows_waiting") == 9, server)
        (tmp_path / "go").touch()
        found = [one.result() for one in behind]
        assert busy.result().status == 200
    assert [one.status for one in found] == [500] + [200] * 8
    assert [one.body["prediction"]["y"] for one in found[1:]] == [2 * x for x in asked[1:]]
    assert _number(server, "nbyard_model_calls_total") == 2


def _number(server, name: str) -> float:
    lines = server.ask("/metrics").body.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_full_queue_returns_retry_after_and_shutdown_waits(serve, tmp_path):
    server = serve(GATED, NBYARD_MAX_QUEUE_ROWS="2")
    with ThreadPoolExecutor(3) as pool:
        slow = pool.submit(server.ask, "/predict", SLOW)
        until(lambda: _number(server, "nbyard_model_calls_total") == 1, server)
        waiting = pool.submit(server.ask, "/predict", [ONE, ONE])
        until(lambda: _number(server, "nbyard_rows_waiting") == 2, server)
        full = server.ask("/predict", ONE)
        assert (full.status, full.headers["retry-after"]) == (503, "1")
        server.process.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()
        assert [slow.result().status, waiting.result().status] == [200, 200]
    assert server.process.wait(SECONDS) == 0


def test_server_with_a_secret_refuses_requests_without_it(serve, tmp_path):
    """Readiness requests are refused as well, and wrong secrets beside other headers."""
    (tmp_path / "secret").write_text("s3cret")
    own = {"X-Nbyard-Secret": "s3cret"}
    server = serve(headers=own, NBYARD_SECRET_FILE=str(tmp_path / "secret"))
    assert server.ask("/predict", ONE, headers=own).body["prediction"]["y"] == 3.0
    for path in ("/", "/health", "/metrics", "/predict", "/nothing"):
        for headers in ({}, {"X-Nbyard-Secret": ""}, {"X-Nbyard-Secret": "s3cre"}):
            found = server.ask(path, headers=headers)
            assert found.status == 401 and "Bearer KEY" in found.body["error"]
            assert found.headers["www-authenticate"] == "Bearer"
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    with contextlib.closing(connection):
        connection.putrequest("GET", "/health")
        for value in ("guess", "s3cret"):
            connection.putheader("X-Nbyard-Secret", value)
        connection.endheaders()
        assert connection.getresponse().status == 401
    stop(server)
    assert "s3cret" not in server.log.read_text()


def test_server_returns_the_version_of_its_deployment(serve):
    server = serve(NBYARD_MODEL_VERSION="3")
    model = f"/v2/models/{SPEC['name']}"
    assert server.ask(f"{model}/versions/3").body["versions"] == ["3"]
    assert server.ask(f"{model}/versions/3/ready").status == 200
    assert server.ask(f"{model}/versions/{SPEC['version']}").status == 404
    assert server.ask("/").body["version"] == "3"


def test_key_is_accepted_until_it_is_removed_from_the_key_file(serve, tmp_path):
    (tmp_path / "1.secret").write_text("s3cret")
    keys, shown = tmp_path / "1.keys", {"Authorization": "Bearer first"}
    keys.write_text(json.dumps({"keys": {hash_of_key("first"): None}, "leaving": False}))
    server = serve(headers=shown, NBYARD_SECRET_FILE=str(tmp_path / "1.secret"))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)

    def closes() -> bool:
        connection.request("GET", "/health", headers=shown)
        answer = connection.getresponse()
        assert (answer.read(), answer.status) == (b'{"ready":true}', 200)
        return answer.will_close

    with contextlib.closing(connection):
        assert not closes()
        keys.write_text(json.dumps({"keys": {hash_of_key("first"): None}, "leaving": True}))
        until(closes, server)
    keys.write_text(json.dumps({"keys": {}, "leaving": False}))
    until(lambda: server.ask("/health", headers=shown).status == 401, server)


def test_server_with_a_missing_secret_file_refuses_all_requests(tmp_path):
    write_model(tmp_path)
    (tmp_path / "empty").touch()
    for name, words in (("nothing", "No such file"), ("empty", "is empty")):
        server = start(tmp_path, SPEC, NBYARD_SECRET_FILE=str(tmp_path / name))
        assert server.process.wait(SECONDS) == 1
        assert words in server.log.read_text()


def test_server_is_live_but_not_ready_while_the_model_loads(tmp_path):
    loads = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\n"
    write_model(tmp_path, loads + MODEL)
    server = start(tmp_path, SPEC)
    until(lambda: server.ask("/v2/health/live").status == 200, server)
    for path in ("/health", "/v2/health/ready", "/v2/models/doubling/ready"):
        assert "loading" in server.ask(path).body["error"]
    assert server.ask("/predict", ONE).status == 503
    (tmp_path / "go").touch()
    until(lambda: server.ask("/v2/health/ready").status == 200, server)
    stop(server)


def test_server_exits_with_a_code_when_the_model_cannot_be_loaded(tmp_path):
    write_model(tmp_path, "import nothing_like_it\n")
    server = start(tmp_path, SPEC)
    assert server.process.wait(SECONDS) == 1
    words = "ModuleNotFoundError: No module named 'nothing_like_it'"
    assert failure_line(server.log.read_text()) == words, "which its deployment tells as the reason"


HANGS = """
import pathlib, time


class Doubling:
    def predict(self, frame):
        while frame["x"].max() == 2 and not pathlib.Path("go").exists():
            time.sleep(0.01)
        return frame[["x"]].rename(columns={"x": "y"}).assign(calls=1, rows=1)
"""


def test_hanging_model_is_reported_until_it_returns(serve, tmp_path):
    """To its request, to waiting requests, by the health path and in the log."""
    server = serve(HANGS, NBYARD_CALL_SECONDS="2.5")
    with ThreadPoolExecutor(2) as pool:
        hung = pool.submit(server.ask, "/predict", {"x": 2})
        until(lambda: _number(server, "nbyard_model_calls_total") == 1, server)
        behind = pool.submit(server.ask, "/predict", ONE)
        until(lambda: "call" in server.ask("/health").body, server)
        assert (hung.result().status, behind.result().status) == (504, 503)
        assert "within 2.5 s" in hung.result().body["error"]
        assert "retry-after" in behind.result().headers
    assert "than the 2.5 s" in server.ask("/predict", ONE).body["error"]
    found = server.ask("/v2/health/ready")
    assert found.status == 503 and found.body["call"]["rows"] == 1
    assert found.body["call"]["seconds"] >= 2.5 and "starts it again" in found.body["error"]
    assert server.ask("/v2/health/live").status == 200
    assert "than the 2.5 s" in server.log.read_text()
    (tmp_path / "go").touch()
    until(lambda: server.ask("/health").status == 200, server)
    assert server.ask("/predict", ONE).body == {"prediction": {"y": 1.5, "calls": 1, "rows": 1}}
    (tmp_path / "go").unlink()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(server.ask, "/predict", {"x": 2}).result().status == 504
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(SECONDS) == 0, "it does not wait for a call that is late"


HOLDS = """
import ctypes, time


class Doubling:
    def predict(self, frame):
        if frame["x"].max() == 3:
            ctypes.PyDLL(None).sleep(600)  # keeps Python's lock
        while frame["x"].max() == 2:
            time.sleep(600)
        return frame[["x"]].rename(columns={"x": "y"}).assign(calls=1, rows=1)
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    # the second has to reach its sleep before it is given up, also on a busy machine
    ("row", "seconds", "words"),
    [(2, 1, "has not returned within 3 s"), (3, 4, "predict")],
)
def test_model_that_never_returns_ends_its_server(serve, row, seconds, words):
    """The server exits with a code and a reason; its deployment restarts it."""
    server = serve(HOLDS, NBYARD_CALL_SECONDS=str(seconds))
    with ThreadPoolExecutor(1) as pool, contextlib.suppress(OSError, HTTPException):
        pool.submit(server.ask, "/predict", {"x": row}).result()
    assert server.process.wait(SECONDS) == 1
    assert words in server.log.read_text()


PANICS = """
class Panic(BaseException):
    pass


class Doubling:
    def predict(self, frame):
        if (frame["x"] < 0).any():
            raise Panic("out of bounds")
        return frame[["x"]].rename(columns={"x": "y"}).assign(calls=1, rows=1)
"""


def test_panic_of_the_model_fails_only_its_request(serve):
    server = serve(PANICS)
    found = server.ask("/predict", {"x": -1})
    assert found.status == 500 and "Panic: out of bounds" in found.body["error"]
    assert (server.ask("/predict", ONE).status, server.ask("/health").status) == (200, 200)
    stop(server)
    assert failure_line(server.log.read_text()) == "", "a request that failed ends nothing"


def test_server_exits_with_a_code_when_loading_is_interrupted(tmp_path):
    write_model(tmp_path, "raise KeyboardInterrupt\n")
    server = start(tmp_path, SPEC)
    assert server.process.wait(SECONDS) == 1
    assert "model cannot continue" in server.log.read_text()
