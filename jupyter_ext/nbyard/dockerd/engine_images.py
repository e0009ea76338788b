"""Inspects, pulls, pushes, builds, tags and removes the images of one engine.

Build contexts are packed as reproducible tar archives. Logins are those of the current context.
"""

import hashlib
import io
import os
import socket
import stat
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

import msgspec

from nbyard.dockerd.connection import Connection, load_sdk
from nbyard.dockerd.container_options import repository_and_tag, unix_seconds
from nbyard.dockerd.engine_messages import (
    Say,
    engine_message,
    pass_progress,
    raise_refusal,
    registry_words,
    whole_lines,
)
from nbyard.domain.credentials import Login
from nbyard.domain.images.structs import registry_of
from nbyard.errors import Conflict, NbyardError, NotFound, Unavailable
from nbyard.reasons.structs import Reason, because

IGNORE_FILE = ".dockerignore"
# Maps the name of an image to its login, which is read only when it is needed.
FindLogin = Callable[[str], Login | None]

_find_login: ContextVar[FindLogin | None] = ContextVar("nbyard-logins", default=None)
LOOK_SECONDS = 0.5
BY_ID = "sha256:"
# Long enough for a large image on a busy disk.
REMOVE_SECONDS = 120


def context_paths(folder: Path, dockerfile: str) -> list[str]:
    """List the paths in a folder that .dockerignore does not exclude, to send to the engine."""
    load_sdk()
    from docker.utils.build import exclude_paths

    ignoring = folder / IGNORE_FILE
    lines = ignoring.read_text("utf-8", "replace").splitlines() if ignoring.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return sorted(exclude_paths(str(folder), patterns, dockerfile=dockerfile))


@contextmanager
def pack_context(
    files: Mapping[str, str], folders: Mapping[str, Path], dockerfile: str
) -> Iterator[tuple[IO[bytes], str]]:
    """Yield a tar archive and its SHA-256.

    `files` has texts, `folders` has local folders, both by their paths in the archive.
    """
    with tempfile.TemporaryFile() as whole:
        with tarfile.open(fileobj=whole, mode="w") as archive:
            for name, text in sorted(files.items()):
                data = text.encode()
                archive.addfile(_member(name, len(data), 0o644), io.BytesIO(data))
            for place, folder in sorted(folders.items()):
                _add_folder(archive, place, folder, dockerfile)
        whole.seek(0)
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
        whole.seek(0)
        yield whole, digest


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    """Return a tar entry without owner and date, so that equal files result in equal archives."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member


def _add_folder(archive: tarfile.TarFile, place: str, folder: Path, dockerfile: str) -> None:
    for name in context_paths(folder, dockerfile):
        path = folder / name
        status = path.lstat()
        member = _member(os.path.join(place, name), 0, 0o755)
        if stat.S_ISDIR(status.st_mode):
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
        elif stat.S_ISLNK(status.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
            archive.addfile(member)
        # Devices, sockets and FIFOs are left out.
        elif stat.S_ISREG(status.st_mode):
            # The umask of the user must not change the digest, so only this bit counts.
            is_program = status.st_mode & stat.S_IXUSR
            member.size, member.mode = status.st_size, 0o755 if is_program else 0o644
            with path.open("rb") as file:
                archive.addfile(member, file)


@contextmanager
def logged_in(find_login: FindLogin) -> Iterator[None]:
    """Use the logins that `find_login` returns for all pulls and pushes within the block.

    For an image without a login, the engine's client uses its own (`docker login`).
    """
    token = _find_login.set(find_login)
    try:
        yield
    finally:
        _find_login.reset(token)


def login_for(image: str) -> Login | None:
    """Return the login for the image with this name, or None."""
    find_login = _find_login.get()
    return find_login(image) if find_login else None


class EngineImage(msgspec.Struct, frozen=True):
    """An image as the engine describes it.

    `entrypoint` and `command` are the program that the image starts by default, and `variables` its
    environment. `digests` are the image's names in registries.
    """

    id: str
    size_bytes: int
    labels: dict[str, str]
    entrypoint: list[str]
    command: list[str]
    names: list[str]
    digests: list[str]
    created_at: float
    variables: dict[str, str] = {}


class NoLongerWanted(Exception):
    """The caller no longer wants the result."""


class EngineImages(Connection):
    """The images of one engine."""

    def image(self, name: str) -> EngineImage | None:
        """Return an image, None if the engine does not have it."""
        try:
            with self._calling() as client:
                inspected = cast(Any, client).inspect_image(name)
        except NotFound:
            return None
        config = inspected.get("Config") or {}
        return EngineImage(
            id=str(inspected["Id"]),
            size_bytes=int(inspected.get("Size") or 0),
            labels=config.get("Labels") or {},
            entrypoint=list(config.get("Entrypoint") or []),
            command=list(config.get("Cmd") or []),
            names=list(inspected.get("RepoTags") or []),
            digests=list(inspected.get("RepoDigests") or []),
            created_at=unix_seconds(inspected.get("Created", "")),
            variables=dict(variable.partition("=")[::2] for variable in config.get("Env") or []),
        )

    def image_id(self, name: str) -> str:
        """Return the ID of an image, "" if the engine does not have it."""
        image = self.image(name)
        return image.id if image else ""

    def images_with_label(
        self, label: str, value: str = "", *, untagged: bool = False
    ) -> list[str]:
        """List the IDs of the images with this label, the newest first (to the second).

        `untagged` selects images without a name on which no other image is based.
        """
        filters: dict[str, Any] = {"label": [f"{label}={value}" if value else label]}
        if untagged:
            filters["dangling"] = True
        with self._calling() as client:
            images = client.images(filters=filters)
        return [
            str(image["Id"]) for image in sorted(images, key=lambda image: -int(image["Created"]))
        ]

    def pull(self, name: str, say: Say, wanted: Callable[[], bool] = lambda: True) -> None:
        """Pull an image. `say` gets the lines of progress.

        A thread polls `wanted` and aborts the pull when it returns False, because a registry may be
        silent for long.

        Raises:
            NoLongerWanted: The image is no longer wanted.
            NbyardError: The image cannot be pulled. The message says why.
        """
        # No registry knows ids, so a pull could only fail.
        if name.startswith(BY_ID):
            raise NbyardError(because("image-known-by-id", image=name))
        login = login_for(name)
        try:
            with self._calling() as known:
                from docker import auth
                from docker.utils import parse_repository_tag

                client: Any = known
                repository, tag = parse_repository_tag(name)
                if login is None:
                    server = auth.resolve_repository_name(repository)[0]
                    header = auth.get_config_header(client, server)
                else:
                    header = auth.encode_header(_auth_config(login))
                # The SDK's own call hides its connection.
                url = f"{client.base_url}/v{client.api_version}/images/create"
                # Without a tag, the engine would pull all tags of the repository.
                sent: Any = {"params": {"fromImage": repository, "tag": tag or "latest"}}
                sent["headers"] = {"X-Registry-Auth": header} if header else {}
                limits = (self._timeout, None)
                with client.post(url, **sent, stream=True, timeout=limits) as answer:
                    raise_refusal(answer)
                    unwanted = _ended_when_unwanted(client, answer, wanted)
                    with unwanted, whole_lines(say) as hear:
                        for line in client._stream_helper(answer, decode=True):
                            pass_progress(line, hear)
        except Unavailable:
            raise
        except NbyardError as error:
            reason = because("image-not-pulled", image=name, why=_why(error, name, login))
            raise NbyardError(reason, hint=because("load-image")) from error

    def push(self, name: str, say: Say, wanted: Callable[[], bool] = lambda: True) -> str:
        """Push an image and return the digest that the registry assigned.

        `say` gets the lines of progress.

        Raises:
            NoLongerWanted: The push is no longer wanted.
            NbyardError: The image cannot be pushed. The message says why.
        """
        (repository, tag), login, digest = repository_and_tag(name), login_for(name), ""
        sent: Any = {"auth_config": _auth_config(login)} if login else {}
        try:
            with self._calling() as client, whole_lines(say) as hear:
                for line in client.push(repository, tag=tag, stream=True, decode=True, **sent):
                    pass_progress(line, hear)
                    digest = str((line.get("aux") or {}).get("Digest") or digest)
                    # A push reports progress all the time, so no second thread is needed.
                    check_wanted(wanted)
        except Unavailable:
            raise
        except NbyardError as error:
            why = _why(error, name, login)
            raise NbyardError(because("push-refused", image=name, why=why)) from error
        return digest

    def tag(self, image: str, name: str) -> None:
        """Add a name to an image.

        Raises:
            NotFound: the image does not exist.
        """
        repository, tag = repository_and_tag(name)
        with self._calling() as client:
            client.tag(image, repository, tag)

    def remove_image(self, name: str) -> bool:
        """Remove a name of an image. Without names left, the image is deleted.

        Return False if the image is in use.
        """
        try:
            with suppress(NotFound), self._calling() as client:
                url = f"{client.base_url}/v{client.api_version}/images/{quote(name, safe='/:@')}"
                # The SDK's own call has the short timeout of all calls.
                raise_refusal(client.delete(url, timeout=REMOVE_SECONDS))
        except Conflict:
            return False
        return True

    def build(self, tag: str, context: IO[bytes], **options: Any) -> None:
        """Build an image with the name `tag` from a context, a tar archive with a Dockerfile.

        Options are `file` (the Dockerfile), `arguments`, `labels`, `network`, `uses_cache`, and
        `limits`, which are `cpu` and `memory_bytes` of each step.
        `say` is called with every line of the log. `wanted` is polled during the build.

        Raises:
            NoLongerWanted: The image is no longer wanted.
            NbyardError: The build failed. The message ends with the engine's message.
        """
        say: Say = options.get("say") or (lambda line: None)
        params = {
            "t": tag,
            "dockerfile": options.get("file") or "Dockerfile",
            "buildargs": msgspec.json.encode(options.get("arguments") or {}).decode(),
            "labels": msgspec.json.encode(options.get("labels") or {}).decode(),
            "rm": 1,
            "forcerm": 1,
        }
        if not options.get("uses_cache", True):
            params["nocache"] = 1
        if options.get("network"):
            params["networkmode"] = options["network"]
        if limits := options.get("limits"):
            memory, cpu = int(limits["memory_bytes"]), int(limits["cpu"] * 100_000)
            params |= {"memory": memory, "memswap": memory, "cpuperiod": 100_000, "cpuquota": cpu}
        with self._calling() as known:
            client: Any = known
            headers = {"Content-Type": "application/tar"}
            client._set_auth_headers(headers)  # a base image's registry may require a login
            url = f"{client.base_url}/v{client.api_version}/build"
            limits = (self._timeout, None)
            sent: Any = {"params": params, "data": context, "headers": headers}
            with client.post(url, **sent, stream=True, timeout=limits) as answer:
                raise_refusal(answer)
                unwanted = _ended_when_unwanted(client, answer, options.get("wanted"))
                with unwanted, whole_lines(say) as hear:
                    for line in client._stream_helper(answer, decode=True):
                        pass_progress(line, hear, is_build=True)

    def load_root(self, archive: IO[bytes], tag: str) -> None:
        """Create an image from a tar archive of its whole file system."""
        repository, version = repository_and_tag(tag)
        with self._calling() as client:
            client.import_image_from_data(archive, repository=repository, tag=version)
            if self.info.is_podman and version:  # Podman tags every import as latest
                client.tag(f"{repository}:latest", repository, version)


def check_wanted(wanted: Callable[[], bool]) -> None:
    """Raise NoLongerWanted if the result is no longer wanted."""
    if not wanted():
        raise NoLongerWanted


def _auth_config(login: Login) -> dict[str, str]:
    return {"username": login.username, "password": login.password}


def _why(error: NbyardError, image: str, login: Login | None) -> Reason:
    message = engine_message(error)
    if not message:
        return error.reason
    return registry_words(message, registry_of(image), login.credential if login else "")


@contextmanager
def _ended_when_unwanted(
    client: Any, answer: Any, wanted: Callable[[], bool] | None
) -> Iterator[None]:
    """Close the connection of a request when `wanted` returns False during the block.

    A build step may be silent for an hour. Closing its connection stops the build and removes its
    containers.
    """
    raw: Any = client._get_raw_response_socket(answer)
    sock = getattr(raw, "_sock", raw)
    over, unwanted = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            if wanted is not None and not wanted():
                unwanted.set()
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                return

    watching = threading.Thread(target=watch, name="nbyard-build", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
        if unwanted.is_set():  # however the closed connection was reported
            raise NoLongerWanted
