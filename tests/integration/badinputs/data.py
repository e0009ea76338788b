"""Bad files, paths and addresses of datasets."""

import http.server
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nbyard.dispatch import dataset_imports
from nbyard.transfer import fetching
from nbyard.transfer.fetching import Limits

from .ground import TOOL, Ground, Seen, seen, worded, words_of


def upload(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Upload bytes as `table.csv`, or with a given name, path or checksum."""
    if not isinstance(what, dict):
        content = what if isinstance(what, bytes) else what.encode()
        return _table(ground, content, entry)
    if "sha256" in what:
        _, key = ground.upload("table.csv", what["body"].encode())
        source = {"kind": "upload", "upload": key, "sha256": what["sha256"]}
        return seen(ground.send("POST", "/datasets", {"source": source}))
    if "path" in what:
        source = {"kind": "file", "path": what["path"]}
        assert ground.send("POST", "/uploads", {"filename": what["path"]}).status == 422
        return seen(ground.send("POST", "/datasets", {"source": source}))
    answer, _ = ground.upload(what["filename"], what["body"].encode())
    return seen(answer)


def _table(ground: Ground, content: bytes, entry: dict[str, Any]) -> Seen:
    answer, key = ground.upload("table.csv", content)
    assert answer.status == 200
    body = {"source": {"kind": "upload", "upload": key}, "name": entry["id"]}
    made = ground.send("POST", "/datasets", body)
    if made.status >= 400:
        return seen(made)
    dataset = ground.imported(made.json["id"], content)
    current = dataset["current"]
    if current["state"] == "failed":
        assert ground.send("GET", f"/datasets/{dataset['id']}/content").status == 404
        assert not ground.stores(content), "nothing of it is kept"
        assert "such as .dat" in words_of(current)
        return Seen(422, words_of(current))
    assert current["state"] == "ready"
    assert not entry["expect"].startswith("REJECT"), "the dataset itself has to fail"
    page = ground.send("GET", f"/datasets/{dataset['id']}/preview")
    if page.status >= 400:
        return seen(page)
    told = [one for one in [worded(page.json["warnings"])] if one]
    columns = [column["name"] for column in page.json["columns"]]
    said = [*told, *([f"{len(columns)} columns"] if len(columns) < 100_000 else [])]
    if "duplicate" in entry["input"]:
        said = [str(columns)] if len(set(columns)) == len(columns) else []
    return Seen(200, " ".join(map(str, said)))


def register_path(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Register a local path, from the server and from the shell."""
    if isinstance(what, str):
        if what.endswith(".sock"):
            return _socket(ground)
        code, _, error = ground.cli("datasets", "add", what)
        assert code == 2, error
        assert error
        return _register(ground, what)
    if what.get("mkfifo"):
        os.mkfifo(ground.root / "pipe.csv")
        return _register(ground, "pipe.csv")  # it would wait for ever if it were opened
    if what.get("race"):
        return _swapped(ground)
    if what.get("delete_after"):
        return _deleted(ground)
    return _modified(ground)


def _socket(ground: Ground) -> Seen:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(ground.root / "docker.sock"))
        code, _, error = ground.cli("datasets", "add", str(ground.root / "docker.sock"))
        assert code == 2, error
        return _register(ground, "docker.sock")


def _register(ground: Ground, path: str) -> Seen:
    source = {"kind": "file", "path": path}
    return seen(ground.send("POST", "/datasets", {"source": source}))


def _swapped(ground: Ground) -> Seen:
    """Replace the file, or a folder above it, by a link out of the root before it is read."""
    outside = ground.root.parent / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("secret\n1\n")
    found = []
    for swap in ("file", "folder"):
        path = ground.file("a.csv", "a\n1\n")
        source = {"kind": "file", "path": path}
        made = ground.send("POST", "/datasets", {"source": source, "name": f"swapped {swap}"})
        target = ground.root / path
        (target if swap == "file" else target.parent).rename(ground.root / f"away-{swap}")
        if swap == "file":
            target.symlink_to(outside / "a.csv")
        else:
            target.parent.symlink_to(outside)
        current = ground.imported(made.json["id"])["current"]
        found.append(Seen(422 if current["state"] == "failed" else 200, words_of(current)))
    return min(found, key=lambda one: one.status)


def _deleted(ground: Ground) -> Seen:
    """Delete a file that a node follows.

    The run is refused and names the file; a registered dataset has its own bytes."""
    path = ground.file("gone.csv", "a\n1\n")
    source = {"kind": "file", "path": path}
    made = ground.send("POST", "/datasets", {"source": source, "name": "kept"}).json
    assert ground.imported(made["id"])["current"]["state"] == "ready"
    (ground.root / path).unlink()
    assert ground.send("GET", f"/datasets/{made['id']}/content").content == b"a\n1\n"
    tool = ground.tool(
        [{"name": "x", "role": "input", "reach": {"kind": "positional", "position": 1}}]
    )
    found, _ = ground.run(path=tool, parameters={"x": path})
    assert found.status in (404, 422)
    assert "gone.csv" in found.said
    return found


def _modified(ground: Ground) -> Seen:
    """Change a file. Other bytes are other inputs, so nothing is cached."""
    tool = ground.tool(
        [{"name": "x", "role": "input", "reach": {"kind": "positional", "position": 1}}], TOOL
    )
    path = ground.file("changing.csv", "a\n1\n")
    cached = []
    for content in ("a\n1\n", "a\n1\n", "a\n2\n"):
        (ground.root / path).write_text(content)
        _, detail = ground.run(path=tool, parameters={"x": path})
        assert detail["run"]["state"] == "succeeded", detail
        cached.append(detail["tasks"][0]["cached"])
        reason = words_of(detail["tasks"][0])
    assert cached == [False, True, False]
    return Seen(200, reason)


def import_url(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Import literal addresses, names that resolve to private ones, and misbehaving servers."""
    if isinstance(what, str):
        source = {"kind": "url", "url": what}
        return seen(ground.send("POST", "/datasets", {"source": source}))
    if "resolves" in what:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fetching, "resolve_host", lambda host, port: what["resolves"])
            return _fetched(ground, f"http://{what['host']}/a.csv")
    with pytest.MonkeyPatch.context() as patch, _serving(what) as port:
        allowed = f"127.0.0.1:{port}"
        ground.settings.allowed_private_hosts = [allowed]
        patch.setattr(
            ground.server.app.web_app.settings["nbyard"].settings,
            "allowed_private_hosts",
            [allowed],
        )
        quick = partial(Limits, total_seconds=3.0, patience_seconds=1.0)
        patch.setattr(dataset_imports, "Limits", quick)
        try:
            return _fetched(ground, f"http://{allowed}/a.csv")
        finally:
            ground.settings.allowed_private_hosts = []


def _fetched(ground: Ground, url: str) -> Seen:
    name = f"from the net {time.monotonic_ns()}"
    body = {"source": {"kind": "url", "url": url}, "name": name}
    made = ground.send("POST", "/datasets", body)
    if made.status >= 400:
        return seen(made)
    current = ground.imported(made.json["id"])["current"]
    if current["state"] == "failed":
        return Seen(422, words_of(current))
    assert Path(current["filename"]).name == current["filename"]
    return Seen(200, current["filename"])


class _Handler(http.server.BaseHTTPRequestHandler):
    what: dict[str, Any]

    def do_GET(self) -> None:
        what = self.what
        if "redirect_to" in what or "redirect_loop" in what:
            self.send_response(302)
            self.send_header("Location", what.get("redirect_to", "/again"))
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        if "content_disposition" in what:
            self.send_header("Content-Disposition", what["content_disposition"])
        self.send_header("Content-Length", "1000" if "drip" in what else "4")
        self.end_headers()
        self.wfile.write(b"a" if "drip" in what else b"a\n1\n")
        if "drip" in what:
            self.wfile.flush()
            self.server.drip.wait(20)  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _serving(what: dict[str, Any]) -> Iterator[int]:
    handler = type("Handler", (_Handler,), {"what": what})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.drip = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.drip.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()
