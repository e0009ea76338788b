"""In a real Chromium, the page of an untrusted service has its own files and forms,
and no access to Jupyter."""

import html
import http.server
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port
from nbyard.rest.identity import local_name

BROWSER = Path(os.environ.get("CHROMIUM") or "/usr/bin/chromium-headless-shell")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGE = """<!DOCTYPE html>
<link rel="stylesheet" href="style.css"><script src="script.js" defer></script>
<script type="module" src="module.js"></script>
<p id="styled">text</p><img id="image" src="image.svg">
<form method="post" action="send"><input name="seen" id="seen"></form>
"""
SCRIPT = """
async function reached(path) {
  try {
    const answer = await fetch(path, { credentials: 'include' });
    return answer.status;
  } catch {
    return 'refused';
  }
}
addEventListener('load', async () => {
  const seen = {
    color: getComputedStyle(document.getElementById('styled')).color,
    width: document.getElementById('image').naturalWidth,
    module: window.fromModule,
    origin: self.origin,
    own: (await (await fetch('data.json')).json()).mine,
    api: await reached('/nbyard/api/deployments'),
    contents: await reached('/api/contents'),
    other: await reached(location.pathname.replace('/page/', '/other/') + 'data.json')
  };
  document.getElementById('seen').value = JSON.stringify(seen);
  document.forms[0].submit();
});
"""
FILES = {
    "/": ("text/html", PAGE),
    "/style.css": ("text/css", "#styled { color: rgb(1, 2, 3) }"),
    "/script.js": ("text/javascript", SCRIPT),
    "/module.js": ("text/javascript", "window.fromModule = 'loaded';"),
    "/image.svg": (
        "image/svg+xml",
        '<svg xmlns="http://www.w3.org/2000/svg" width="37" height="5"></svg>',
    ),
    "/data.json": ("application/json", '{"mine": true}'),
}


class Page(http.server.BaseHTTPRequestHandler):
    """A page with its files; it shows what its form sends."""

    def do_GET(self) -> None:
        kind, text = FILES.get(self.path, ("text/plain", ""))
        self._say(200 if self.path in FILES else 404, kind, text)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._say(200, "text/html", f"<pre>{html.escape(parse_qs(sent)['seen'][0])}</pre>")

    def _say(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Write no log."""


@pytest.fixture
def service() -> Iterator[int]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made.server_port
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def server(tmp_path: Path, service: int) -> Iterator[JupyterServer]:
    """Start a Jupyter server with the rows of two deployments that respond."""
    made = JupyterServer(tmp_path).start()
    try:
        assert made.send("GET", "/deployments").status == 200
        yard = made.app.web_app.settings["nbyard"].yard()
        deployments, store, owner = yard.services.deployments, yard.store, Caller(local_name())
        for name in ("page", "other"):
            wish = NewDeployment("app:1", "own", name, ports=[Port("web", 1)])
            found = deployments.create(owner, wish)
            with store.write() as c:
                row = store.deployments.revision(c, found.id, 1)
                places = [Place("web", "127.0.0.1", service, answers=True)]
                store.deployments.set_revision(c, row.revision.id, places=places)
                store.deployments.route_requests(c, found, 1)
        yield made
    finally:
        made.stop()


@pytest.mark.skipif(not BROWSER.exists(), reason="Chromium is not installed")
@pytest.mark.leaves_running
@pytest.mark.timeout(180)
def test_sandboxed_page_has_its_files_and_forms_but_no_jupyter_access(server, tmp_path, repository):
    address = f"{server.url}/nbyard/deployments/page/web/?token={TOKEN}"
    done = subprocess.run(
        [
            *(repository / "ui-tests/lab/chromium.py", *FLAGS, "--virtual-time-budget=20000"),
            *(f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", address),
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=150,
    )
    found = re.search(r"<pre>(.*)</pre>", done.stdout)
    assert found, done.stdout + done.stderr
    assert json.loads(html.unescape(found[1])) == {
        "color": "rgb(1, 2, 3)",
        "width": 37,
        "module": "loaded",
        "origin": "null",
        "own": True,
        "api": "refused",
        "contents": "refused",
        "other": "refused",
    }
