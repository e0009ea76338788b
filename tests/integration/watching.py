"""Tasks that can be watched while they run, and a server through which a user watches them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching

from ..notebooks import notebook

OWN = {"Authorization": f"token {TOKEN}"}
# Shows a page until somebody asks it to end.
STEP = """
import http.server, os, threading
import nbyard

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"epoch 3 at {self.path}".encode())
        if self.path == "/end":
            threading.Thread(target=self.server.shutdown).start()

http.server.HTTPServer((os.environ["NBYARD_HOST"], nbyard.port("web")), Page).serve_forever()
"""


class Watching:
    """A real server and a dispatcher on one store."""

    def __init__(self, server: JupyterServer, dispatching: Dispatching):
        self.server, self.dispatching = server, dispatching

    def start(self, kind: str, source: str, resources: dict[str, Any], **body: Any) -> str:
        """Start a run of a script or a notebook with these declarations; return its number."""
        name = f"train.{kind}"
        (self.server.root / name).write_text(notebook(source) if kind == "ipynb" else source)
        told = {"version": 1, "resources": resources}
        (self.server.root / f"{name}.nbexec").write_text(json.dumps(told))
        made = self.server.send("POST", "/runs", {"path": name, **body})
        assert made.status == 201, made.json
        return str(made.json["number"])

    def attempt(self, run: str) -> dict[str, Any]:
        (task,) = self.server.send("GET", f"/runs/{run}").json["tasks"]
        return dict(task["attempts"][-1]) if task["attempts"] else {"links": []}

    def until_it_answers(self, run: str, seconds: float = 90) -> dict[str, Any]:
        """Return its only link, as soon as it responds."""
        links = self.dispatching.until(
            lambda: self.attempt(run)["links"],
            lambda found: found and found[0]["answers"],
            seconds,
        )
        return dict(links[0])

    def until_over(self, run: str) -> dict[str, Any]:
        return self.dispatching.until(
            lambda: self.server.send("GET", f"/runs/{run}").json["run"],
            lambda found: found["state"] in ("succeeded", "failed", "cancelled"),
        )

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.server.request("GET", f"/{path}", None, OWN if headers is None else headers)

    def watch_to_the_end(self, run: str) -> None:
        """Open its link as its owner and as another user, and let the task end."""
        link = self.until_it_answers(run)
        attempt = self.attempt(run)["id"]
        assert link["path"] == f"nbyard/attempts/{attempt}/web/"
        page = self.get(f"{link['path']}a?b=1")
        assert (page.status, page.content) == (200, b"epoch 3 at /a?b=1")
        assert page.headers["Content-Security-Policy"].startswith("sandbox ")
        assert self.get(link["path"], {}).status == 401
        assert self.get(f"nbyard/attempts/{attempt}/other/").status == 404
        assert self.get(f"{link['path']}end").content == b"epoch 3 at /end"
        assert self.until_over(run)["state"] == "succeeded"
        assert self.attempt(run)["links"] == []
        assert self.get(link["path"]).status == 404


@contextmanager
def watching(folder: Path, base_url: str = "/", **settings: Any) -> Iterator[Watching]:
    server = JupyterServer(folder, base_url, **settings).start()
    try:
        config = Settings(store_dir=str(server.store), inline_dispatch=True, **settings)
        assert server.send("GET", "/runs").status == 200
        with Dispatching(config) as dispatching:
            yield Watching(server, dispatching)
    finally:
        server.stop()
