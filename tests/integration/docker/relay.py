"""A relay before an engine's socket that can drop the response to one request."""

import socket
import threading
from pathlib import Path
from typing import Any


class Relay:
    def __init__(self, url: str, path: Path):
        self._upstream = url.removeprefix("unix://")
        self.url = f"unix://{path}"
        self.cut_after = b""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._upstream)
            state = {"cut": False}
            back = threading.Thread(target=self._back, args=(server, client, state), daemon=True)
            back.start()
            while data := _read(client):
                if self.cut_after and self.cut_after in data:
                    state["cut"] = True
                server.sendall(data)
            _half_close(server)
            back.join()

    def _back(self, server: socket.socket, client: socket.socket, state: dict[str, bool]) -> None:
        while data := _read(server):
            if state["cut"]:
                break
            try:
                client.sendall(data)
            except OSError:
                break
        for end in (client, server):
            _half_close(end, socket.SHUT_RDWR)


def _read(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


def _half_close(end: socket.socket, how: int = socket.SHUT_WR) -> None:
    try:
        end.shutdown(how)
    except OSError:
        return
