"""Fetches a file over HTTP(S), protected against server-side request forgery.

The host is resolved once, every address is checked, and the connection goes to a checked address.
So a name that changes its address in between (DNS rebinding) does no harm. Each redirect is checked
again. Proxies of the environment are not used, because a proxy hides which address is contacted.
"""

import contextlib
import http.client
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.message import Message
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from nbyard.domain.naming.names import safe_filename
from nbyard.domain.parsing import urls
from nbyard.errors import Conflict, Invalid, NbyardError, TooLarge, Unavailable

CHUNK = 256 << 10
REDIRECTS = (301, 302, 303, 307, 308)
WATCH_SECONDS = 0.1
PROGRESS_SECONDS = 0.2
AGENT = "nbyard"
# The error code in the XML of S3 and compatible servers.
CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,60})</Code>")

Sink = Callable[[bytes], object]
Sign = Callable[[urls.Target], Mapping[str, str]]
Progress = Callable[[int, int | None], object]
Resolve = Callable[[str, int], Sequence[str]]


class Limits(msgspec.Struct, frozen=True):
    """The limits of a transfer, in bytes and seconds.

    A transfer is aborted if it has fewer than `least_rate` bytes per second for `patience_seconds`.
    """

    max_bytes: int = 1 << 40
    redirects: int = 5
    connect_seconds: float = 10.0
    answer_seconds: float = 60.0
    total_seconds: float = 24 * 3600.0
    patience_seconds: float = 60.0
    least_rate: float = 100.0


class Fetched(msgspec.Struct, frozen=True):
    """The result of a transfer. `url` is the final URL after redirects."""

    url: str
    filename: str
    size_bytes: int = 0


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which to try them.

    Raises:
        Unavailable: The host cannot be found.
    """
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Unavailable(f"{host} cannot be found: {_message(problem)}") from problem
    # The list may contain an address more than once.
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class Remote:
    """Fetches files over HTTP(S) from hosts that the policy allows."""

    def __init__(
        self,
        allowed: urls.AllowedHosts | None = None,
        limits: Limits | None = None,
        *,
        resolve: Resolve = resolve_host,
    ):
        self._allowed = allowed or urls.AllowedHosts()
        self._limits = limits or Limits()
        self._resolve = resolve

    def check(self, url: str) -> urls.Target:
        """Check a URL against the policy, before its host is resolved."""
        target = urls.parse_url(url)
        urls.check_host(target, self._allowed)
        return target

    def fetch(
        self,
        url: str,
        sink: Sink,
        *,
        watch: "Watch | None" = None,
        sign: Sign | None = None,
    ) -> Fetched:
        """Fetch a URL, and call `sink` with the bytes.

        `sign` returns additional headers for each requested target, including redirects.

        Raises:
            Invalid: The URL is refused, or there are too many redirects.
            Unavailable: The server does not respond, or responds with an error.
        """
        target = self.check(url)
        # A circle is reported as such, before the limit of redirects.
        seen = {target.url}
        watch = watch or Watch()
        for _ in range(self._limits.redirects + 1):
            with self._requesting(target, watch, sign(target) if sign else {}) as answer:
                if answer.status not in REDIRECTS:
                    return self._receive(answer, target, sink, watch)
                target = self._next(target, answer.getheader("Location"))
            if target.url in seen:
                raise Invalid.field("url", "redirects in a loop")
            seen.add(target.url)
        raise Invalid.field("url", f"redirects more than {self._limits.redirects} times")

    def _next(self, target: urls.Target, location: str | None) -> urls.Target:
        if not location:
            raise Unavailable("the server redirects to nowhere")
        following = self.check(urljoin(target.url, location))
        # The user asked for an encrypted transfer, so a redirect must not drop it.
        if target.scheme == "https" and following.scheme == "http":
            raise Invalid.field("url", "redirects from https to http")
        return following

    @contextlib.contextmanager
    def _requesting(
        self, target: urls.Target, watch: "Watch", more: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        headers = {
            "Host": urlsplit(target.url).netloc,
            "User-Agent": AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **more,
        }
        connection = http.client.HTTPConnection(target.host, target.port)
        with contextlib.closing(connection), watch.watching(self._limits):
            try:
                connection.sock = self._connect(target, watch)
                connection.putrequest("GET", target.path, skip_accept_encoding=True, skip_host=True)
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
                # an unread response keeps the connection open, so close it as well
                with connection.getresponse() as answer:
                    watch.note_response()
                    yield answer
            except ssl.SSLCertVerificationError as problem:
                message = str(problem.verify_message)
                why = f"the certificate of {target.host} is not valid: {message}"
                raise Unavailable(why) from problem
            except (OSError, http.client.HTTPException, zlib.error) as problem:
                watch.refuse_stopped()
                why = f"fetching from {target.host} failed: {_message(problem)}"
                raise Unavailable(why) from problem

    def _connect(self, target: urls.Target, watch: "Watch") -> socket.socket:
        addresses = urls.check_addresses(
            target, self._resolve(target.host, target.port), self._allowed
        )
        problem: OSError = OSError("no address")
        for address in addresses:
            try:
                plain = socket.create_connection(
                    (address, target.port), self._limits.connect_seconds
                )
            except OSError as error:
                problem = error
                continue
            # The watch limits slowness; a read may take as long as the watch allows.
            watch.set_connection(plain)
            plain.settimeout(self._limits.total_seconds)
            if target.scheme == "http":
                return plain
            return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
        raise problem

    def _receive(
        self, answer: http.client.HTTPResponse, target: urls.Target, sink: Sink, watch: "Watch"
    ) -> Fetched:
        filename = filename_of(answer.getheader("Content-Disposition", ""), target)
        if answer.status != 200:
            if phrase := answer.reason[:100].rstrip():
                why = f"the server answered {answer.status} {phrase}"
            else:
                why = f"the server answered {answer.status}"
            is_xml = "xml" in answer.getheader("Content-Type", "")
            if is_xml and (code := CODE.search(answer.read(CHUNK))):
                why = f"{why} ({code[1].decode()})"
            raise Unavailable(why) if answer.status >= 500 else Invalid.field("url", why)
        coding = answer.getheader("Content-Encoding", "").strip().lower()
        # Servers often label a .gz file as encoded. Its bytes are the file, so they stay packed.
        packed_file = filename.lower().endswith((".gz", ".tgz"))
        is_gzip = coding in ("gzip", "x-gzip")
        if coding not in ("", "identity") and not is_gzip:
            raise Unavailable(f"the server sends an unknown compression ({coding[:40]})")
        unpacker = Gunzip() if is_gzip and not packed_file else Plain()
        size = self._copy(answer, sink, unpacker, watch)
        return Fetched(target.url, filename, size)

    def _copy(
        self, answer: http.client.HTTPResponse, sink: Sink, unpacker: "Plain", watch: "Watch"
    ) -> int:
        stated, received, size = answer.length, 0, 0
        # Refuse early. The loop below checks again, because the stated length may be false.
        if stated is not None and stated > self._limits.max_bytes:
            raise self._too_large()
        # read() would wait for a full piece, so that a slow transfer showed no progress.
        while piece := answer.read1(CHUNK):
            received += len(piece)
            watch.received(received, stated)
            for part in unpacker.unpack(piece):
                size += len(part)
                if size > self._limits.max_bytes:
                    raise self._too_large()
                sink(part)
        watch.refuse_stopped()
        if stated is not None and received < stated:
            raise Unavailable(f"the connection broke off after {received:,} of {stated:,} bytes")
        if rest := unpacker.rest():
            size += len(rest)
            sink(rest)
        watch.report_progress(received, stated)
        return size

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"the file is larger than the {self._limits.max_bytes:,} bytes allowed here"
        )


class Watch:
    """Monitors a transfer in a second thread, so that no server can block the transfer.

    `cancelled` is polled several times a second. `progress` is called with the bytes so far and the
    total, if that is known.
    """

    def __init__(
        self, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ):
        self._progress = progress
        self._cancelled = cancelled
        self._stopped: NbyardError | None = None
        self._bytes = 0
        self._told_at = 0.0
        self._answered_at = 0.0
        self._socket: socket.socket | None = None

    @contextlib.contextmanager
    def watching(self, limits: Limits) -> Iterator[None]:
        """Watch the transfer in the block, and close its connection if it exceeds a limit."""
        self._bytes, self._answered_at = 0, 0.0
        end = threading.Event()
        thread = threading.Thread(target=self._watch_limits, args=(limits, end), daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()
            if self._socket:
                self._socket.close()
                self._socket = None

    def set_connection(self, plain: socket.socket) -> None:
        """Record the connection of the transfer, so that it can be closed."""
        # A second handle on the connection, because TLS takes the first one over.
        self._socket = plain.dup()

    def note_response(self) -> None:
        """Record that the response has begun. From now on, its speed is checked."""
        self._answered_at = time.monotonic()

    def received(self, done: int, total: int | None) -> None:
        """Record the number of bytes so far. Report progress every PROGRESS_SECONDS."""
        self._bytes = done
        if self._progress and time.monotonic() - self._told_at > PROGRESS_SECONDS:
            self.report_progress(done, total)

    def report_progress(self, done: int, total: int | None) -> None:
        """Report progress now, as at the end of a transfer."""
        self._told_at = time.monotonic()
        if self._progress:
            self._progress(done, total)

    def refuse_stopped(self) -> None:
        """Raise the error for which the connection was closed, if it was."""
        if self._stopped:
            raise self._stopped

    def _watch_limits(self, limits: Limits, end: threading.Event) -> None:
        started = window_from = time.monotonic()
        window_bytes = 0
        while not end.wait(WATCH_SECONDS):
            now = time.monotonic()
            if self._cancelled and self._cancelled():
                self._stop(Conflict("the transfer was cancelled"))
            elif now - started > limits.total_seconds:
                self._stop(Unavailable("the transfer took too long"))
            elif not self._answered_at:
                if now - started > limits.answer_seconds:
                    self._stop(Unavailable("the server does not respond in time"))
            elif now - max(window_from, self._answered_at) > limits.patience_seconds:
                if self._bytes - window_bytes < limits.least_rate * limits.patience_seconds:
                    self._stop(Unavailable("the server sends too slowly"))
                window_from, window_bytes = now, self._bytes

    def _stop(self, reason: NbyardError) -> None:
        self._stopped = self._stopped or reason
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class Plain:
    """Decodes a response that is not compressed: returns its pieces unchanged."""

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield the decoded content of a piece."""
        yield piece

    def rest(self) -> bytes:
        """Return the decoded content that is left after the last piece."""
        return b""


class Gunzip(Plain):
    """Decompresses a response that is compressed although nbyard did not request that.

    Each step is small, so that a zip bomb reaches the size limit first.
    """

    def __init__(self) -> None:
        # 16 selects the header and trailer of gzip instead of those of zlib.
        self._unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield the decompressed content of a piece, at most CHUNK bytes at a time."""
        while piece:
            yield self._unzip.decompress(piece, CHUNK)
            piece = self._unzip.unconsumed_tail

    def rest(self) -> bytes:
        """Return the last decompressed bytes.

        Raises:
            Unavailable: The compressed data is incomplete.
        """
        left = self._unzip.flush()
        if not self._unzip.eof:
            raise Unavailable("the connection closed before the compressed data was complete")
        return left


def _message(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return f"{type(problem).__name__} {problem}".strip()[:200]


def filename_of(disposition: str, target: urls.Target) -> str:
    """Return a safe file name from the Content-Disposition header, or else from the URL."""
    message = Message()
    message["Content-Disposition"] = disposition.replace("\r", "").replace("\n", "")
    stated = message.get_filename("")
    with contextlib.suppress(UnicodeError):
        # Headers are decoded as Latin-1, but many servers send UTF-8.
        stated = stated.encode("latin-1").decode()
    last = unquote(target.path.partition("?")[0].rsplit("/", 1)[-1])
    return safe_filename(stated, "") if safe_filename(stated, "") else safe_filename(last)
