"""Connects to an engine: by a local socket, by TCP with or without TLS, or over ssh."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from nbyard.dockerd.container_options import EngineInfo, unix_seconds
from nbyard.dockerd.engine_messages import innermost_message, raise_refusal, refusal_error
from nbyard.errors import Unavailable
from nbyard.reasons.structs import Reason, because

if TYPE_CHECKING:
    from docker import APIClient

FAR_END = ["docker", "system", "dial-stdio"]
END_SECONDS = 5.0
SHARED_SECONDS = "30"
PREFIX = "nbyard-ssh-"
# Each followed log and each build holds a connection. The SDK's pool has only 10.
POOL = 64
HERE = "http+docker://"
LOCAL_SOCKET = "unix:///var/run/docker.sock"
CERTIFICATES = ("ca.pem", "cert.pem", "key.pem")
SCHEMES = ("unix://", "tcp://", "http://", "https://", "ssh://")
START_IT = because("start-engine")
LOG_IN = because("log-in-by-ssh")
SHOW_PAPERS = because("show-certificates")


_loading = threading.Lock()


def ssh_arguments(url: str, folder: str, seconds: float) -> list[str]:
    """Return the ssh command without the remote command.

    No part of the URL can become an option. All connections share one ssh master process, because a
    login takes half a second. The master exits by itself.
    """
    parts = urlsplit(url)
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(1, int(seconds))),
        "ControlMaster": "auto",
        "ControlPath": os.path.join(folder, "c"),
        "ControlPersist": SHARED_SECONDS,
    }
    argv = ["ssh", "-T", *(f"-o{name}={value}" for name, value in options.items())]
    if parts.username:
        argv += ["-l", parts.username]
    if parts.port:
        argv += ["-p", str(parts.port)]
    return [*argv, "--", parts.hostname or ""]


def forget_dead() -> None:
    """Remove the folders that killed processes left, unless another process has the pid now."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = place.name.removeprefix(PREFIX).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(place, ignore_errors=True)
        except (ValueError, PermissionError):
            continue


class SshRelay:
    """A relay to an engine over ssh.

    It listens at `address` (unix://…) until it is closed.
    """

    def __init__(self, url: str, seconds: float):
        if shutil.which("ssh") is None:
            raise Unavailable(
                because("engine-unreachable", url=url, why="ssh is not installed on this machine."),
                hint=because("install-ssh"),
            )
        forget_dead()
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
        self._words = ssh_arguments(url, self._folder.name, seconds)
        # A short name, because the path of a socket has at most 107 bytes on Linux.
        path = os.path.join(self._folder.name, "s")
        self.address = f"unix://{path}"
        self._said = open(os.path.join(self._folder.name, "said"), "a+b")  # noqa: SIM115
        self._children: list[subprocess.Popen[bytes]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._accept, name="nbyard-ssh", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(END_SECONDS)
        self._listener.close()
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait(END_SECONDS)
        at = self._words.index("--")
        # The shared master would otherwise live until ControlPersist ends.
        argv = [*self._words[:at], "-O", "exit", *self._words[at:]]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(argv, capture_output=True, timeout=END_SECONDS, check=False)
        self._said.close()
        self._folder.cleanup()

    def last_line(self) -> str:
        """Return the last line that ssh printed, or ""."""
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 4096))
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _accept(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            with end:
                # ssh uses the connection directly, so this process copies no data.
                # Only what the newest connection prints explains its failure.
                self._said.truncate(0)
                child = subprocess.Popen(
                    [*self._words, *FAR_END],
                    stdin=end.fileno(),
                    stdout=end.fileno(),
                    stderr=self._said,
                    start_new_session=True,
                )
            self._children = [earlier for earlier in self._children if earlier.poll() is None] + [
                child
            ]


def load_sdk() -> None:
    """Import the whole of Docker's SDK before any of its modules.

    Otherwise two threads that import different modules first could each see the other's half
    imported.
    """
    with _loading:
        import docker  # noqa: F401


class Connection:
    """The connection to the engine at `url` ("" means DOCKER_HOST, else the local socket).

    `certificates` is a folder with ca.pem, cert.pem and key.pem for engines behind TCP. "" means
    the folder that DOCKER_TLS_VERIFY and DOCKER_CERT_PATH name. Certificates are always checked.
    """

    def __init__(self, url: str = "", *, certificates: str = "", timeout: float = 10):
        self.url = url or os.environ.get("DOCKER_HOST", "") or LOCAL_SOCKET
        folder = certificates or os.environ.get("DOCKER_CERT_PATH", "")
        if not folder and os.environ.get("DOCKER_TLS_VERIFY"):
            folder = "~/.docker"  # as Docker's own client
        self._certificates = folder
        self._timeout = timeout
        self._connected: APIClient | None = None
        self._relay: SshRelay | None = None
        self._connecting = threading.Lock()
        self._is_closed = False
        self._info: EngineInfo | None = None

    def fresh_info(self) -> EngineInfo:
        """Query the engine for its current information."""
        with self._calling() as client:
            info = client.info()
        security = " ".join(info.get("SecurityOptions") or [])
        self._info = EngineInfo(
            memory_bytes=int(info.get("MemTotal") or 0),
            cpus=int(info.get("NCPU") or 1),
            now=unix_seconds(info.get("SystemTime", "")),
            log_drivers=frozenset((info.get("Plugins") or {}).get("Log") or []),
            is_rootless="name=rootless" in security,
            remaps_users="name=userns" in security,
            version=str(info.get("ServerVersion", "")),
            is_podman="BuildahVersion" in info,
            runtime=str(info.get("DefaultRuntime") or ""),
            has_seccomp="name=seccomp" in security and "profile=unconfined" not in security,
        )
        return self._info

    @property
    def info(self) -> EngineInfo:
        """Return the engine's properties, from the first query. All but `now` are constant."""
        return self._info or self.fresh_info()

    @property
    def way(self) -> Reason:
        """Return how the engine is reached, such as by a local socket, as a text for users."""
        if self.url.startswith("ssh://"):
            return because("over-ssh")
        if self.url.startswith("unix://"):
            return because("by-local-socket")
        return because("by-tls") if self._has_tls else because("by-tcp")

    @property
    def _has_tls(self) -> bool:
        return self.url.startswith("https://") or bool(
            self._certificates and self.url.startswith("tcp://")
        )

    def close(self) -> None:
        """Close the connection. Later calls, also by other threads, are refused."""
        self._is_closed = True
        if self._connected is not None:
            self._connected.close()
            self._connected = None
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    def client(self) -> "APIClient":
        """Return the connection, opened at first use.

        Raises:
            Unavailable: The connection is closed, or the engine cannot be reached.
        """
        with self._connecting:
            # A late thread must not reopen a connection, because no code would close it.
            if self._is_closed:
                raise Unavailable(because("connection-closed", url=self.url))
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def _connect(self) -> "APIClient":
        address = self._address()
        client = _client_class()(
            base_url=address,
            tls=self._tls() if self._has_tls else False,
            version="auto",
            timeout=cast(int, self._timeout),
        )
        if address.startswith("unix://"):
            # The SDK's own adapter would open one pool for each path.
            client.get_adapter(HERE).close()
            adapter = _adapter_class()(f"http+{address}", self._timeout, max_pool_size=POOL)
            client.mount(HERE, adapter)
        return client

    def _address(self) -> str:
        if not self.url.startswith(SCHEMES):
            raise self._unreachable(because("engine-url-invalid", schemes=list(SCHEMES)))
        if not self.url.startswith("ssh://"):
            return self.url
        if self._relay is None:
            self._relay = SshRelay(self.url, self._timeout)
        return self._relay.address

    def _tls(self) -> Any:
        from docker.tls import TLSConfig

        folder = Path(self._certificates).expanduser()
        missing = [name for name in CERTIFICATES if not (folder / name).is_file()]
        if missing:
            why = because("certificates-missing", files=missing, folder=str(folder))
            raise self._unreachable(why)
        ca, certificate, key = (str(folder / name) for name in CERTIFICATES)
        return TLSConfig(client_cert=(certificate, key), ca_cert=ca, verify=True)

    @contextmanager
    def _calling(self) -> "Iterator[APIClient]":
        load_sdk()
        import docker.errors
        import requests
        import urllib3

        try:
            self._probe_socket()
            yield self.client()
        except docker.errors.APIError as error:
            raise refusal_error(error.status_code, str(error.explanation or error)) from error
        except (
            docker.errors.DockerException,
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            said = self._relay.last_line() if self._relay else ""
            why = because("text", text=said) if said else innermost_message(error)
            raise self._unreachable(why) from error

    def _probe_socket(self) -> None:
        """Check that an engine listens on a local socket.

        If none does, the SDK would leak a socket.
        """
        if self.url.startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(self._timeout)
                probe.connect(self.url.removeprefix("unix://"))

    def _unreachable(self, why: Reason) -> Unavailable:
        hint = START_IT
        if self.url.startswith("ssh://"):
            hint = LOG_IN
        elif self._has_tls or why.code == "engine-wants-tls":
            hint = SHOW_PAPERS
        elif why.code == "permission-denied":
            group = "docker"
            with suppress(OSError, KeyError):  # its folder is closed, or the group has no name
                group = Path(self.url.removeprefix("unix://")).group()
            hint = because("join-group", group=group)
        return Unavailable(because("engine-unreachable", url=self.url, why=why), hint=hint)

    @contextmanager
    def _reading(self, path: str, params: dict[str, Any], wait: float | None) -> Iterator[Any]:
        """Yield a streamed response.

        `wait` limits the seconds between its parts, as the SDK cannot.
        """
        with self._calling() as client:
            url = f"{client.base_url}/v{client.api_version}{path}"
            # Connecting always has a limit; a followed log may be silent forever.
            limits = (self._timeout, wait)
            with client.get(url, params=params, stream=True, timeout=limits) as answer:
                raise_refusal(answer)
                yield answer


def _adapter_class() -> Any:
    from docker.transport import UnixHTTPAdapter

    class Adapter(UnixHTTPAdapter):
        def get_connection(self, url: Any, proxies: Any = None) -> Any:
            """Share one pool: the SDK creates one per path, which means a login each over ssh."""
            return super().get_connection(HERE, proxies)

    return Adapter


def _client_class() -> "type[APIClient]":
    from docker import APIClient

    class Client(APIClient):
        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            """Keep the engine's certificates: REQUESTS_CA_BUNDLE is for the web."""
            effective_verify = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, effective_verify, cert)

    return Client
