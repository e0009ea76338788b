"""A service as people deploy one, on a port of this machine: it tells what it was sent."""

import asyncio
import json
import threading
from typing import Any, ClassVar

from tornado import web, websocket
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

LARGE = 40 << 20


class Echo(web.RequestHandler):
    """What it was sent, as JSON."""

    seen: ClassVar[list[str]] = []  # the methods of all that came

    def prepare(self) -> None:
        self.seen.append(str(self.request.method))

    async def get(self) -> None:
        headers = sorted(self.request.headers.get_all())
        self.finish(json.dumps({"uri": self.request.uri, "headers": headers}))

    async def post(self) -> None:
        self.set_header("X-Length", str(len(self.request.body)))
        self.finish(self.request.body[:100])

    put = patch = delete = post


class Slow(web.RequestHandler):
    """Two pieces; the second one only when `go` is set."""

    go = asyncio.Event()

    async def get(self) -> None:
        self.write("one ")
        await self.flush()
        await self.go.wait()
        self.finish("two")


class Large(web.RequestHandler):
    sent = 0  # pieces of the last response that left

    async def get(self) -> None:
        Large.sent = 0
        for _ in range(LARGE >> 20):
            self.write(b"x" * (1 << 20))
            await self.flush()
            Large.sent += 1


class Status(web.RequestHandler):
    """Refuses as the request says."""

    def get(self, status: str) -> None:
        self.set_status(int(status))
        self.set_header("Retry-After", "7")
        self.finish({"code": "told", "status": int(status)})

    post = get


class Half(web.RequestHandler):
    """It says more than it has."""

    async def get(self, when: str) -> None:
        if when == "body":
            self.set_header("Content-Length", "1000")
            self.write("half")
            await self.flush()
        self.request.connection.close()  # type: ignore[union-attr]


class Length(web.RequestHandler):
    """Says of its five bytes what the request asks for."""

    async def get(self) -> None:
        stream = self.detach()
        told = self.request.headers["X-Says"]
        body = b"" if self.request.method == "HEAD" else b"12345"
        await stream.write(f"HTTP/1.1 200 OK\r\nContent-Length: {told}\r\n\r\n".encode() + body)
        stream.close()

    head = get


class Login(web.RequestHandler):
    def get(self) -> None:
        self.add_header("Set-Cookie", "_xsrf=2|inner; Path=/")
        self.add_header("Set-Cookie", 'username-127-0-0-1-1="2|user"; Domain=evil.test; HttpOnly')
        self.add_header("Set-Cookie", "own=1; Path=/deep")
        self.add_header("Set-Cookie", "jupyterhub-session-id=x; Path=/")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Service-Worker-Allowed", "/")
        self.set_header("Content-Security-Policy", "default-src 'self'")
        self.redirect("/in")


class Astray(web.RequestHandler):
    """Sends the browser to an address of this host that is not its own."""

    def get(self) -> None:
        self.redirect(f"http://{self.request.host}/api/contents")


class To(web.RequestHandler):
    """Sends the browser where the request says."""

    def get(self) -> None:
        self.redirect(self.request.headers["X-To"])


class Switch(web.RequestHandler):
    """Speaks another protocol from now on, whatever was asked."""

    async def get(self) -> None:
        stream = self.detach()
        await stream.write(b"HTTP/1.1 101 Switching\r\nUpgrade: raw\r\n\r\nanything")
        stream.close()


class Socket(websocket.WebSocketHandler):
    """Says what it hears, and begins with what it was sent."""

    def check_origin(self, origin: str) -> bool:
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[-1] if subprotocols else None

    def open(self) -> None:
        self.set_nodelay(True)
        self.write_message(json.dumps(sorted(self.request.headers.get_all())))

    async def on_message(self, message: Any) -> None:
        if message == "end":
            self.close(4001, "as told")
        else:
            await self.write_message(message, binary=isinstance(message, bytes))


class Service:
    """Runs in a thread of its own until it is stopped."""

    def __init__(self) -> None:
        self._sockets = bind_sockets(0, "127.0.0.1")
        self.port = self._sockets[0].getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()

    async def _serve(self) -> None:
        routes = [
            ("(?:/.*)?/slow", Slow), ("(?:/.*)?/large", Large), ("(?:/.*)?/half/(.*)", Half),
            ("/login", Login), ("(?:/.*)?/astray", Astray), ("/to.*", To),
            ("(?:/.*)?/switch", Switch), ("(?:/.*)?/socket", Socket), ("(?:/.*)?/length", Length),
            ("(?:/.*)?/status/(.*)", Status), ("(?:.*)", Echo),
        ]  # fmt: skip
        self._tornado = IOLoop.current()
        server = HTTPServer(web.Application(routes), max_body_size=LARGE * 4)
        server.add_sockets(self._sockets)
        await self._ended.wait()
        server.stop()
        await server.close_all_connections()

    def request_end(self) -> None:
        self._loop.call_soon_threadsafe(Slow.go.set)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)
        self._tornado.close(all_fds=True)  # with websockets that are not at their end
