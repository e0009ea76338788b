"""Serve one model as an ASGI application: its routes, responses and metrics.

Responses are JSON. Errors have a message in `error`. Metrics have the text format of Prometheus.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import quote

from nbyard.serving.codec import BadAnswer, Columns, ValueRefused
from nbyard.serving.models import ModelFailed, Predictor, Spec, load_model

from .call_watchdog import BlockedByLateCall, CallTimedOut, Predict
from .micro_batches import QueueFull, Worker
from .open_inference_protocol import MalformedRequest, outputs_of, read_request, tensors_of
from .openapi import document
from .plain_json_and_mlflow import NOT_JSON, read_csv, read_invocation, read_json, records_of
from .requests import CSV, Access, Body, BodyTooLarge, IncompleteBody, UnsupportedBody, decompress

JSON = b"application/json"
TEXT = b"text/plain; version=0.0.4; charset=utf-8"
FULL = "too many rows wait for the model: try again in a moment"
STATUSES: dict[type[Exception], int] = {
    IncompleteBody: 400,
    MalformedRequest: 400,
    UnsupportedBody: 415,
    QueueFull: 503,
    BlockedByLateCall: 503,
    CallTimedOut: 504,
}
RETRY_SECONDS = b"1"
EXPECTED = (
    IncompleteBody,
    MalformedRequest,
    UnsupportedBody,
    ValueRefused,
    ModelFailed,
    QueueFull,
    BlockedByLateCall,
    CallTimedOut,
)


class Answer(NamedTuple):
    """A response. `type` is its content type. `headers` are other headers than type and length."""

    body: bytes
    status: int = 200
    type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_response(value: Any, status: int = 200) -> Answer:
    """Return a response with a value as JSON."""
    import orjson

    return Answer(orjson.dumps(value), status)


def error_response(status: int, message: str, **more: Any) -> Answer:
    """Return a response for an error. `more` are further fields of its JSON object."""
    answer = json_response({"error": message, **more}, status)
    if status == 503:
        return answer._replace(headers=((b"retry-after", RETRY_SECONDS),))
    return answer


def failure_response(error: Exception) -> Answer:
    """Return the response for one of the EXPECTED errors, without a traceback."""
    for kind, status in STATUSES.items():
        if isinstance(error, kind):
            return error_response(status, str(error) or FULL)
    if isinstance(error, ValueRefused) and not isinstance(error, BadAnswer):
        return error_response(422, str(error), details=[error.detail()])
    message = str(error) if isinstance(error, ModelFailed) else f"the model's answer: {error}"
    return error_response(500, message)


BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts requests by route and status, and their durations."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()

    def note(self, route: str, status: int, seconds: float) -> None:
        """Record one answered request."""
        self._requests[route, status] += 1
        buckets = self._buckets.setdefault(route, [0] * (len(BUCKETS) + 1))
        place = 0
        while place < len(BUCKETS) and seconds > BUCKETS[place]:
            place += 1
        buckets[place] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]

    def text(self, gauges: dict[str, float]) -> str:
        """Return all metrics as text. `gauges` are more metrics, by name, with current values."""
        lines = [
            "# HELP nbyard_requests_total Requests by route and status.",
            "# TYPE nbyard_requests_total counter",
        ]
        lines += [
            f'nbyard_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self._requests.items())
        ]
        lines += [
            "# HELP nbyard_request_seconds Durations of requests in seconds.",
            "# TYPE nbyard_request_seconds histogram",
        ]
        for route, buckets in sorted(self._buckets.items()):
            lines += self._histogram(route, buckets)
        for name, value in gauges.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE {name} {kind}", f"{name} {value}"]
        return "\n".join([*lines, ""])

    def _histogram(self, route: str, buckets: list[int]) -> list[str]:
        total, lines = 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
            # Buckets of Prometheus are cumulative: each contains the counts of the smaller ones.
            total += count
            lines.append(f'nbyard_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}')
        return [
            *lines,
            f'nbyard_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}',
            f'nbyard_request_seconds_count{{route="{route}"}} {total}',
        ]


Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[[Body], Awaitable[Answer]]
VERSION_PARTS = 2
TOLD_SECONDS = 1.0
TAKES_CSV = f"POST CSV to /invocations with Content-Type: {CSV}"
NO_KEY = (
    "this model requires a valid key in the header Authorization: Bearer KEY."
    " Create a key with: nbyard deployments keys create NAME"
)
BEARER = ((b"www-authenticate", b"Bearer"),)
CLOSE = (b"connection", b"close")


class App:
    """The ASGI application that serves the model of a spec.

    `loaded` is called when the model is loaded. If the model cannot be loaded or cannot continue,
    `has_failed` is set and `give_up` is called. `access` decides which requests are answered.
    """

    worker: Worker

    def __init__(
        self,
        spec: Spec,
        max_body: int,
        max_rows: int,
        call_seconds: float,
        access: Access | None = None,
    ):
        self.give_up: Callable[[], None] = lambda: None
        self.loaded: Callable[[], None] = lambda: None
        self.has_failed = False
        self._spec = spec
        self._max_body = max_body
        self._max_rows = max_rows
        self._call_seconds = call_seconds
        self._access = access or Access()
        self._metrics = Metrics()
        self._routes: dict[str, dict[str, Handler]] = {
            "/": {"GET": self._index},
            "/predict": {"POST": self._predict},
            "/invocations": {"POST": self._invoke},
            "/schema": {"GET": self._schema},
            "/metadata": {"GET": self._metadata},
            "/health": {"GET": self._ready},
            "/ping": {"GET": self._ready},
            "/metrics": {"GET": self._counts},
            "/openapi.json": {"GET": self._openapi},
            "/v2": {"GET": self._server},
            "/v2/health/live": {"GET": self._live},
            "/v2/health/ready": {"GET": self._ready},
            "/v2/models/{model}": {"GET": self._model},
            "/v2/models/{model}/ready": {"GET": self._model_ready},
            "/v2/models/{model}/infer": {"POST": self._infer},
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one request, or the server's lifespan."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        """Start the model's thread, wait for shutdown, and let accepted calls finish."""
        await receive()
        # Created here and not in `__init__`, because `Worker` needs the running event loop.
        self.worker = Worker(
            self._load, self._max_rows, self._fail, self._call_seconds, self.loaded
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.worker.close()
        # loading a model may take long, so shutdown does not wait for it
        if self.worker.is_ready:
            await self.worker.ended.wait()
        await send({"type": "lifespan.shutdown.complete"})

    def _fail(self) -> None:
        self.has_failed = True
        self.give_up()

    def _load(self) -> Predict:
        return Predictor(self._spec, load_model(self._spec))

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path = scope["path"]
        path = path.rstrip("/") or "/"
        if path.startswith("/v2/models/"):
            asked, name = path.removeprefix("/v2/models/"), self._spec.name
            is_known = f"{asked}/".startswith(f"{name}/")  # a name may contain slashes
            rest = [part for part in asked.removeprefix(name).split("/") if part]
            if rest[:1] == ["versions"] and len(rest) >= VERSION_PARTS:
                is_known = is_known and rest[1] == self._spec.version
                rest = rest[VERSION_PARTS:]
            path = "/".join(["/v2/models/{model}", *rest]) if is_known else ""
        # All unknown paths share one label, or scanners would add a metric with each request.
        route, handlers = path if path in self._routes else "other", self._routes.get(path, {})
        # Before the body is read, so that strangers cannot fill the memory.
        if self._access.admits(scope["headers"]):
            answer = await self._handle(handlers, scope, receive)
        else:
            answer = error_response(401, NO_KEY)._replace(headers=BEARER)
        headers = [
            (b"content-type", answer.type),
            (b"content-length", str(len(answer.body)).encode()),
            *answer.headers,
        ]
        if self._access.is_leaving:  # the next connection reaches the revision that takes over
            headers.append(CLOSE)
        begin = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(begin)
        await send({"type": "http.response.body", "body": answer.body})
        self._metrics.note(route, answer.status, time.perf_counter() - started)

    async def _handle(
        self, handlers: dict[str, Handler], scope: Message, receive: Receive
    ) -> Answer:
        if not handlers:
            return self._unknown(scope["path"])
        method = scope["method"]
        # uvicorn removes the body from responses to HEAD.
        handler = handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            allowed = ", ".join(handlers)
            refused = error_response(405, f"this path accepts only {allowed}")
            return refused._replace(headers=((b"allow", allowed.encode()),))
        try:
            body = await self._body(scope, receive)
            if method == "POST" and body.is_csv and handler != self._invoke:
                raise UnsupportedBody(f"{scope['path']} accepts JSON; {TAKES_CSV}")
            return await handler(body)
        except BodyTooLarge:
            return error_response(413, f"the body has more than {self._max_body} bytes")
        except NOT_JSON as error:
            return error_response(400, f"the body is not JSON: {error}; {TAKES_CSV}")
        except EXPECTED as error:
            return failure_response(error)

    def _unknown(self, path: str) -> Answer:
        name, version = self._spec.name, self._spec.version
        if not path.startswith("/v2/models/"):
            return error_response(404, "this path does not exist; GET / lists all paths")
        known = f"/v2/models/{quote(name, safe='')}/versions/{quote(version, safe='')}"
        message = f"no such path, model or version: the model {name!r} {version} is at {known}"
        return error_response(404, message)

    async def _body(self, scope: Message, receive: Receive) -> Body:
        pieces: list[bytes] = []
        size, is_whole = 0, False
        while not is_whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise IncompleteBody("the connection was closed before the end of the body")
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            # checked before the whole body is in memory
            if size > self._max_body:
                raise BodyTooLarge
            is_whole = not message.get("more_body")
        headers = {name.lower(): value for name, value in scope["headers"]}
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        return Body(decompress(b"".join(pieces), encoding, self._max_body), headers)

    async def _asked(self, columns: Columns) -> Columns:
        return await self.worker.ask(columns)

    async def _predict(self, body: Body) -> Answer:
        if not self.worker.is_ready:
            return self._not_ready()
        asked = read_json(body.content)
        is_one = isinstance(asked, dict)
        if not is_one and not isinstance(asked, list):
            return error_response(400, "a record or a list of records is needed")
        columns = self._spec.inputs.read([asked] if is_one else asked)
        outputs = await self._asked(columns) if columns[0] else columns
        records = records_of(self._spec.outputs, outputs) if columns[0] else []
        return json_response({"prediction": records[0]} if is_one else {"predictions": records})

    async def _invoke(self, body: Body) -> Answer:
        if not self.worker.is_ready:
            return self._not_ready()
        inputs = self._spec.inputs
        if body.is_csv:
            columns = read_csv(body.content, inputs)
        else:
            columns = read_invocation(read_json(body.content), inputs)
        outputs = await self._asked(columns) if columns[0] else []
        return json_response(
            {"predictions": records_of(self._spec.outputs, outputs) if outputs else []}
        )

    async def _infer(self, body: Body) -> Answer:
        if not self.worker.is_ready:
            return self._not_ready()
        spec, (text, content) = self._spec, body.split_json_and_tensors()
        request = read_request(read_json(text), spec.inputs, spec.outputs, content)
        outputs = await self._asked(request.columns)
        response = {"model_name": spec.name, "model_version": spec.version}
        response |= {"id": request.id} if request.id else {}
        return json_response(
            {**response, "outputs": outputs_of(outputs, spec.outputs, request.outputs)}
        )

    async def _index(self, _: Body) -> Answer:
        identity = {name: self._spec.fields[name] for name in ("name", "version")}
        # All paths have the model's name, with and without a version.
        name, version = (quote(part, safe="") for part in (self._spec.name, self._spec.version))
        known = f"/v2/models/{name}"
        paths = {path.replace("/v2/models/{model}", known) for path in self._routes}
        versions = {path.replace(known, f"{known}/versions/{version}") for path in paths}
        paths_of_server = sorted(paths | versions)
        return json_response({**identity, "ready": self._is_ready, "paths": paths_of_server})

    async def _schema(self, _: Body) -> Answer:
        fields = self._spec.fields
        return json_response({name: fields[name] for name in ("input_schema", "output_schema")})

    async def _metadata(self, _: Body) -> Answer:
        return json_response({"metadata": self._spec.fields.get("metadata", {})})

    async def _openapi(self, _: Body) -> Answer:
        return json_response(document(self._spec))

    async def _counts(self, _: Body) -> Answer:
        worker = self.worker
        gauges: dict[str, float] = {
            "nbyard_rows_waiting": worker.rows_waiting,
            "nbyard_model_ready": int(self._is_ready),
            "nbyard_model_call_seconds": worker.calls.seconds,
            "nbyard_model_calls_total": worker.batches,
            "nbyard_model_rows_total": worker.rows,
        }
        return Answer(self._metrics.text(gauges).encode(), type=TEXT)

    def _not_ready(self) -> Answer:
        message = "the model is loading"
        if self.has_failed:
            message = "the model failed. The log has the reason"
        elif self.worker.is_late:
            message = self.worker.calls.words_of_held()
        return error_response(503, message, **self._call())

    def _call(self) -> dict[str, Any]:
        """Return the model's current call and the waiting requests, if the call takes long."""
        worker = self.worker
        call = worker.calls.current_call()
        if call.get("seconds", 0.0) < TOLD_SECONDS:
            return {}
        waiting = {"requests": worker.requests_waiting, "rows": worker.rows_waiting}
        return {"call": call, "waiting": waiting}

    @property
    def _is_ready(self) -> bool:
        return self.worker.is_ready and not self.worker.is_late

    async def _ready(self, _: Body) -> Answer:
        return (
            json_response({"ready": True, **self._call()}) if self._is_ready else self._not_ready()
        )

    async def _live(self, _: Body) -> Answer:
        return json_response({"live": True})

    async def _server(self, _: Body) -> Answer:
        return json_response({"name": "nbyard", "version": "2", "extensions": []})

    async def _model(self, _: Body) -> Answer:
        spec = self._spec
        return json_response(
            {
                "name": spec.name,
                "versions": [spec.version],
                "platform": "python",
                "inputs": tensors_of(spec.inputs),
                "outputs": tensors_of(spec.outputs),
            }
        )

    async def _model_ready(self, _: Body) -> Answer:
        if not self._is_ready:
            return self._not_ready()
        return json_response({"name": self._spec.name, "ready": True})
