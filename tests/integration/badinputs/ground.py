"""A server, a dispatcher and their clients, on which bad inputs are tried."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.domain.paging import MAX_COUNT
from nbyard.reasons.structs import Reason, reason_text
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.testing.shells import call_nbyard

INPUT = {"name": "x", "role": "input", "reach": {"kind": "positional", "position": 0}}
ENDED = ("succeeded", "failed", "cancelled")
TOOL = """import pathlib, sys
sys.stdout.buffer.write(pathlib.Path(sys.argv[1]).read_bytes())
"""


class Seen(msgspec.Struct):
    """The answer to an input: a status, its text, and whether the input was stored unchanged."""

    status: int
    said: str = ""
    kept: bool = True


def seen(answer: Answer, kept: bool = True) -> Seen:
    """Return the answer of a route; errors must have the body of nbyard."""
    if answer.status >= 400:
        body = answer.json
        assert set(body) == {
            "code",
            "message",
            "hint",
            "details",
            "request_id",
            "reason",
            "hint_reason",
        }
        assert body["request_id"]
        assert body["message"]
        assert "Traceback" not in answer.content.decode()
        return Seen(answer.status, body["message"])
    return Seen(answer.status, "", kept)


def words_of(version: dict[str, Any]) -> str:
    """Return the text of the reason of a version or a task."""
    return reason_text(msgspec.convert(version["reason"], Reason | None))


def worded(reasons: list[Any]) -> str:
    """Return the texts of hints or warnings."""
    return " ".join(map(str, msgspec.convert(reasons, list[Reason])))


class Ground:
    """One server over one store. Users of a shared store name the runtime of these tests."""

    def __init__(self, server: JupyterServer, way: str = "server", store: Path | None = None):
        self.server, self.way = server, way
        self.token = "ann" if way == "service" else TOKEN
        self.root = server.root
        self.store = store or server.store
        self.is_shared = store is not None
        self.settings = Settings(
            store_dir=str(self.store), inline_dispatch=True, shared=self.is_shared
        )

    def send(self, method: str, path: str, body: Any = None, *args: Any, **kwargs: Any) -> Answer:
        if self.is_shared and path == "/runs" and isinstance(body, dict):
            body = {"runtime": "process", **body}
        return self.server.send(method, path, body, *args, **kwargs)

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status == 200, answer.content
        return answer.json

    def newest_event(self) -> int:
        """Return the ID of the newest event."""
        last: int = self.get(f"/events?after={MAX_COUNT}")["last"]
        return last

    def counts(self) -> dict[str, int]:
        """Return the numbers of stored records."""
        data = ("datasets", "environments", "executables", "images", "models")
        nouns = (*data, "workflows", "runs", "automations", "channels", "projects", "deployments")
        return {noun: len(self.get(f"/{noun}?limit=500")["items"]) for noun in nouns}

    def file(self, name: str, content: bytes | str) -> str:
        """Write a file into a new folder below the root; return its path."""
        folder = self.root / uuid.uuid4().hex
        folder.mkdir()
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        return f"{folder.name}/{name}"

    def tool(self, arguments: list[dict[str, Any]], code: str = TOOL) -> str:
        """Write a Python script with such arguments; return its path."""
        path = self.file("tool.py", code)
        self.describe(path, arguments)
        return path

    def describe(self, path: str, arguments: list[dict[str, Any]], **resources: Any) -> None:
        """Write the description beside a program."""
        told = {"version": 1, "arguments": arguments, "resources": resources}
        (self.root / f"{path}.nbexec").write_text(json.dumps(told))

    def notebook(self, *sources: str, kernel: str = "python3", tagged: bool = True) -> str:
        """Write a notebook whose first cell contains the parameters."""
        return self.file("book.ipynb", json.dumps(notebook(*sources, kernel=kernel, tagged=tagged)))

    def upload(self, filename: Any, content: bytes) -> tuple[Answer, str]:
        """Return a refusal, or the last answer and the upload's ID."""
        begun = self.send("POST", "/uploads", {"filename": filename})
        if begun.status >= 400:
            return begun, ""
        key = begun.json["id"]
        headers = {"Upload-Offset": "0", "Content-Type": "application/octet-stream"}
        return self.send("PATCH", f"/uploads/{key}", content, headers), key

    @contextmanager
    def dispatching(self) -> Iterator[Dispatching]:
        with Dispatching(self.settings) as running:
            yield running

    def imported(self, key: str, content: bytes | None = None) -> Any:
        """Return the imported dataset.

        After a failure, the dispatcher runs until it has removed the content from the store."""
        with self.dispatching() as running:
            found = running.until(
                lambda: self.get(f"/datasets/{key}"), lambda d: d["current"]["state"] != "importing"
            )
            if content is not None and found["current"]["state"] == "failed":
                running.until(lambda: self.stores(content), lambda there: not there)
            return found

    def resource(self, key: str) -> Path:
        """Return the folder in which a dataset can be opened."""
        return self.store / "resources" / key

    def stores(self, content: bytes) -> bool:
        """Return whether the store contains these bytes."""
        digest = hashlib.sha256(content).hexdigest()
        return (self.store / "blobs" / "sha256" / digest[:2] / digest[2:]).exists()

    def run(self, **body: Any) -> tuple[Seen, Any]:
        """Return the run at its end, or the refusal."""
        answer = self.send("POST", "/runs", body)
        if answer.status >= 400:
            return seen(answer), None
        key = answer.json["id"]
        with self.dispatching() as running:
            detail = running.until(
                lambda: self.get(f"/runs/{key}"), lambda d: d["run"]["state"] in ENDED
            )
        return seen(answer), detail

    def cli(self, *arguments: str) -> tuple[int, str, str]:
        """Run the command line on the same store."""
        said = call_nbyard(*arguments, environment={"NBYARD_STORE_DIR": str(self.server.store)})
        return said.code, said.out, said.err


def notebook(*sources: str, kernel: str = "python3", tagged: bool = True) -> dict[str, Any]:
    """Return a notebook of format 4."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{index}",
            "metadata": {"tags": ["parameters"]} if tagged and not index else {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
