"""Fetching over http from servers that err, dawdle, lie and lead astray."""

import contextlib
import gzip
import itertools
import math
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest

from nbyard.domain.parsing.urls import AllowedHosts, Target
from nbyard.errors import Conflict, Invalid, NbyardError, TooLarge, Unavailable
from nbyard.transfer import fetching
from nbyard.transfer.fetching import Limits, Remote, Watch, filename_of

Script = Callable[[socket.socket, bytes], None]
SMALL = Limits(max_bytes=1 << 20)
# One limit each: on a busy machine another one must not end the transfer before.
SHORT_ANSWER, SHORT_PATIENCE = Limits(answer_seconds=0.5), Limits(patience_seconds=0.4)


class Server:
    """Answers each request as a script says, in raw bytes."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.end = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start(self._serve)

    def url(self, path: str) -> str:
        return f"http://files.example:{self.port}{path}"

    def close(self) -> None:
        self.end.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=work, args=args))
        self._threads[-1].start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.end.is_set():
                connection.close()
                return
            self._start(self._answer, connection)

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request and (piece := connection.recv(65536)):
                request += piece
            if not request:
                return
            self.requests.append(request)
            if request.startswith(b"GET "):
                with contextlib.suppress(OSError):
                    self.scripts[request.split(b" ")[1].decode()](connection, request)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def answer(raw: bytes) -> Script:
    return lambda connection, request: connection.sendall(raw)


def reply(
    body: bytes = b"", status: str = "200 OK", *headers: str, length: int | None = None
) -> Script:
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.startswith("Transfer-Encoding") for line in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return answer("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def redirect(location: str, status: str = "302 Found") -> Script:
    return reply(b"", status, f"Location: {location}")


def remote(server: Server, limits: Limits = SMALL, allowed: str = "") -> Remote:
    """Resolves every name to the server, which is allowed under the name files.example only."""
    return Remote(
        AllowedHosts.parse([allowed or f"files.example:{server.port}"]),
        limits,
        resolve=lambda host, port: ["127.0.0.1"],
    )


def fetch(server: Server, path: str = "/a", limits: Limits = SMALL) -> bytes:
    pieces: list[bytes] = []
    remote(server, limits).fetch(server.url(path), pieces.append)
    return b"".join(pieces)


def test_a_file_arrives_with_its_metadata(server: Server) -> None:
    body = bytes(range(256)) * 2000
    server.scripts["/data/a%20b.csv?x=1"] = reply(body)
    pieces: list[bytes] = []
    told: list[tuple[int, int | None]] = []
    found = remote(server).fetch(
        server.url("/data/a%20b.csv?x=1#part"),
        pieces.append,
        watch=Watch(lambda done, total: told.append((done, total))),
    )
    assert b"".join(pieces) == body
    assert (found.filename, found.size_bytes) == ("a b.csv", len(body))
    assert told[-1] == (len(body), len(body))
    request = server.requests[0].decode()
    assert f"Host: files.example:{server.port}\r\n" in request
    assert "Accept-Encoding: identity\r\n" in request


def test_each_target_has_its_own_signature(server: Server) -> None:
    """The signer knows the target of the redirect."""
    server.scripts["/a"] = redirect("/b")
    server.scripts["/b"] = reply(b"moo")
    signs = {"/a": {"Authorization": "for a"}, "/b": {}}
    remote(server).fetch(server.url("/a"), lambda _: None, sign=lambda t: signs[t.path])
    first, second = (request.decode() for request in server.requests)
    assert "Authorization: for a\r\n" in first and "Authorization" not in second


def test_the_code_of_an_s3_error_is_shown(server: Server) -> None:
    """The rest of its text is hidden."""
    body = b"<Error><Code>NoSuchKey</Code><Message>x</Message></Error>"
    server.scripts["/a"] = reply(body, "404 Not Found", "Content-Type: application/xml")
    with pytest.raises(Invalid, match=r"404 Not Found \(NoSuchKey\)$"):
        fetch(server)
    server.scripts["/a"] = reply(b"<Code>a b</Code>", "403 No", "Content-Type: text/xml")
    with pytest.raises(Invalid, match=r"403 No$"):
        fetch(server)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("404 Not Found", Invalid),
        ("401 Unauthorized", Invalid),
        ("206 Partial Content", Invalid),
        ("500 Oops", Unavailable),
        ("503 Busy", Unavailable),
    ],
)
def test_the_status_is_in_the_message(
    server: Server, status: str, error: type[NbyardError]
) -> None:
    server.scripts["/a"] = reply(b"a page about it", status)
    with pytest.raises(error, match=f"the server answered {status}"):
        remote(server).fetch(server.url("/a"), unwanted)


def test_chunked_bodies_and_bodies_without_length_are_read(server: Server) -> None:
    server.scripts["/chunked"] = reply(
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "200 OK", "Transfer-Encoding: chunked"
    )
    server.scripts["/open"] = answer(b"HTTP/1.0 200 OK\r\n\r\nabcde")
    server.scripts["/empty"] = reply(b"")
    assert fetch(server, "/chunked") == b"abcde"
    assert fetch(server, "/open") == b"abcde"
    assert fetch(server, "/empty") == b""


BROKEN: dict[str, Script] = {
    "short": reply(b"half", length=100),
    "short chunk": reply(b"9\r\nhal", "200 OK", "Transfer-Encoding: chunked"),
    "bad chunk": reply(b"zz\r\nx", "200 OK", "Transfer-Encoding: chunked"),
    "short gzip": reply(gzip.compress(b"x" * 1000)[:-20], "200 OK", "Content-Encoding: gzip"),
    "no gzip": reply(b"not packed", "200 OK", "Content-Encoding: gzip"),
    "br": reply(b"x", "200 OK", "Content-Encoding: br"),
    "ssh": answer(b"SSH-2.0-OpenSSH\r\n"),
    "headers": answer(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 5000 + b"\r\n"),
    "long": answer(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000),
    "none": answer(b""),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_broken_response_is_never_a_complete_file(server: Server, script: Script) -> None:
    server.scripts["/a"] = script
    with pytest.raises(Unavailable):
        fetch(server)


def test_gzip_encoding_is_decoded_but_archives_are_kept(server: Server) -> None:
    packed = gzip.compress(b"abc" * 1000)
    server.scripts["/a"] = server.scripts["/a.csv.gz"] = reply(
        packed, "200 OK", "Content-Encoding: gzip"
    )
    assert fetch(server, "/a") == b"abc" * 1000
    assert fetch(server, "/a.csv.gz") == packed


@pytest.mark.parametrize("kind", ["stated", "sent", "chunked", "bomb"])
def test_too_large_files_are_stopped(server: Server, kind: str) -> None:
    big = b"x" * (SMALL.max_bytes + 1)
    server.scripts["/a"] = {
        "stated": reply(b"", length=1 << 50),
        "sent": lambda connection, _: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + big),
        "chunked": reply(
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(big), big), "200 OK", "Transfer-Encoding: chunked"
        ),
        "bomb": reply(gzip.compress(bytes(4 * len(big))), "200 OK", "Content-Encoding: gzip"),
    }[kind]
    arrived = 0

    def sink(piece: bytes) -> None:
        nonlocal arrived
        arrived += len(piece)

    with pytest.raises(TooLarge, match="1,048,576"):
        remote(server).fetch(server.url("/a"), sink)
    assert arrived <= SMALL.max_bytes


def unwanted(piece: bytes) -> None:
    raise AssertionError("nothing should arrive")


def drip(server: Server, before: bytes, piece: bytes) -> Script:
    def send(connection: socket.socket, request: bytes) -> None:
        connection.sendall(before)
        while not server.end.wait(0.05):
            connection.sendall(piece)

    return send


@pytest.mark.parametrize(
    ("before", "piece", "limits", "words"),
    [
        (b"", b"H", SHORT_ANSWER, "not respond in time"),
        (b"HTTP/1.1 200 OK\r\n", b"a", SHORT_ANSWER, "not respond in time"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", SHORT_PATIENCE, "too slowly"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"", SHORT_PATIENCE, "too slowly"),
    ],
)
def test_slow_transfers_are_stopped(
    server: Server, before: bytes, piece: bytes, limits: Limits, words: str
) -> None:
    server.scripts["/a"] = drip(server, before, piece)
    with pytest.raises(Unavailable, match=words):
        fetch(server, limits=limits)


def test_every_transfer_has_a_time_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.scripts["/a"] = drip(server, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000)
    days = itertools.count()
    monkeypatch.setattr(fetching, "time", SimpleNamespace(monotonic=lambda: next(days) * 86_400))
    with pytest.raises(Unavailable, match="took too long"):
        fetch(server, limits=Limits(patience_seconds=math.inf))


def test_cancelling(server: Server) -> None:
    server.scripts["/a"] = drip(server, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000)
    cancelled = threading.Event()

    def sink(piece: bytes) -> None:
        cancelled.set()

    with pytest.raises(Conflict, match="cancelled"):
        remote(server).fetch(server.url("/a"), sink, watch=Watch(cancelled=cancelled.is_set))


def test_redirects_are_followed(server: Server) -> None:
    server.scripts["/a"] = redirect("/b?x=1", "301 Moved")
    server.scripts["/b?x=1"] = redirect(server.url("/dir/c.csv"), "307 Temporary")
    server.scripts["/dir/c.csv"] = reply(b"end")
    pieces: list[bytes] = []
    found = remote(server).fetch(server.url("/a"), pieces.append)
    assert (b"".join(pieces), found.filename) == (b"end", "c.csv")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.1:9/", "loopback"),
        ("http://169.254.169.254/latest/meta-data", "metadata"),
        ("http://[::1]/", "loopback"),
        ("http://2130706433/", "four decimal numbers"),
        ("http://other.example/", "loopback"),
        ("//localhost/", "a private host"),
        ("file:///etc/passwd", "must begin with"),
        ("gopher://127.0.0.1/", "must begin with"),
        ("http://me:secret@files.example/", "password"),
        ("/a", "redirects in a loop"),
        ("#x", "redirects in a loop"),
        ("", "to nowhere"),
    ],
)
def test_each_redirect_is_checked(server: Server, location: str, words: str) -> None:
    server.scripts["/a"] = redirect(location)
    with pytest.raises((Invalid, Unavailable)) as caught:
        fetch(server)
    assert words in caught.value.message
    assert len(server.requests) == 1


def test_too_many_redirects(server: Server) -> None:
    for place in range(20):
        server.scripts[f"/{place}"] = redirect(f"/{place + 1}")
    with pytest.raises(Invalid, match="more than 5 times"):
        fetch(server, "/0")
    assert len(server.requests) == 6


def test_a_name_of_loopback_is_refused_before_connecting(server: Server) -> None:
    guarded = Remote(limits=SMALL, resolve=lambda host, port: ["127.0.0.1"])
    with pytest.raises(Invalid, match="resolves to 127"):
        guarded.fetch(server.url("/a"), unwanted)
    assert server.requests == []


def test_the_checked_address_is_the_one_connected_to(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.scripts["/a"] = reply(b"x")
    answers = iter((["127.0.0.1"], ["10.0.0.1"]))
    rebinding = Remote(
        AllowedHosts.parse([f"files.example:{server.port}"]),
        SMALL,
        resolve=lambda host, port: next(answers),
    )
    monkeypatch.setattr(HTTPConnection, "connect", pytest.fail)
    rebinding.fetch(server.url("/a"), lambda piece: None)
    assert next(answers) == ["10.0.0.1"]


def test_proxies_of_the_environment_are_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.scripts["/a"] = reply(b"x")
    assert fetch(server) == b"x"


def test_a_closed_port_is_reported(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = Remote(AllowedHosts.parse(["h.example"]), SMALL, resolve=lambda *_: ["127.0.0.1"])
    with pytest.raises(Unavailable, match=r"h\.example failed: Connection refused"):
        nobody.fetch(f"http://h.example:{port}/", unwanted)
    with pytest.raises(Unavailable, match="cannot be found"):
        Remote(limits=SMALL).fetch("http://nothing.invalid/", unwanted)


def test_tls_to_a_plain_server_is_reported(server: Server) -> None:
    server.scripts["/a"] = reply(b"x")
    secure = Remote(
        AllowedHosts.parse(["files.example"]), SHORT_ANSWER, resolve=lambda *_: ["127.0.0.1"]
    )
    with pytest.raises(Unavailable):
        secure.fetch(f"https://files.example:{server.port}/a", unwanted)


def test_the_next_address_is_tried(server: Server) -> None:
    server.scripts["/a"] = reply(b"x")
    several = Remote(
        AllowedHosts.parse([f"files.example:{server.port}"]),
        SMALL,
        resolve=lambda *_: ["127.0.0.77", "127.0.0.1"],
    )
    pieces: list[bytes] = []
    several.fetch(server.url("/a"), pieces.append)
    assert pieces == [b"x"]


@pytest.mark.parametrize(
    ("disposition", "path", "expected"),
    [
        ("", "/dir/a.csv?x=1", "a.csv"),
        ("", "/", "data"),
        ("", "/%2e%2e%2fpasswd", "passwd"),
        ("attachment; filename=b.csv", "/a", "b.csv"),
        ('attachment; filename="../../x"', "/a", "x"),
        ('attachment; filename="/etc/cron.d/x"', "/a", "x"),
        ("attachment; filename*=UTF-8''%e4%b8%ad.csv", "/a", "\u4e2d.csv"),
        ('attachment; filename="Ã¤.csv"', "/a", "\u00e4.csv"),
        ('attachment; filename=".."', "/a.csv", "a.csv"),
        ('attachment; filename="a\x00b.csv"', "/a", "ab.csv"),
        ("nonsense;;;=", "/a.csv", "a.csv"),
    ],
)
def test_the_file_name_is_read_from_the_response(
    disposition: str, path: str, expected: str
) -> None:
    target = Target("http://h" + path, "http", "h", 80, path)
    assert filename_of(disposition, target) == expected
