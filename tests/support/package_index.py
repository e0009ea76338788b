"""Serve a package index on localhost (PEP 503) from a folder of wheels."""

import base64
import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote


class Index:
    """An index and its request log: each path with the user name that was sent.

    With a `password`, only requests with it are answered, whatever the user name.
    """

    def __init__(self, folder: Path, password: str = ""):
        self.folder = folder
        self.password = password
        self.asked: list[tuple[str, str]] = []
        self.address = ""

    @contextmanager
    def served(self) -> Iterator["Index"]:
        """Serve until the end of the block."""
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self)) as server:
            self.address = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    @property
    def simple(self) -> str:
        """Return the address of the index pages."""
        return f"{self.address}/simple"

    def page(self, name: str) -> str:
        """Return the page of a project: links with hashes."""
        lines = []
        for path in sorted(self.folder.glob("*.whl")):
            # The normalized name of PEP 503.
            if re.sub("[-_.]+", "-", path.name.split("-")[0]).lower() == name:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                lines.append(f'<a href="/files/{path.name}#sha256={digest}">{path.name}</a>')
        return "\n".join(lines)


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, index: Index, *args: object):
        self._index = index
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        credentials = self.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, password = base64.b64decode(credentials).decode().partition(":")
        self._index.asked.append((self.path, name))
        if password != self._index.password:
            self._answer(401, b"")
            return
        kind, _, rest = unquote(self.path).strip("/").partition("/")
        file = self._index.folder / Path(rest).name
        if kind == "simple" and rest and (page := self._index.page(rest)):
            self._answer(200, page.encode(), "text/html")
        elif kind == "files" and rest and file.is_file():
            self._answer(200, file.read_bytes())
        else:
            self._answer(404, b"")

    def _answer(self, status: int, content: bytes, kind: str = "application/octet-stream") -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Keep the tests' terminal clean."""
