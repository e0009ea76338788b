"""The four verbs and the sweep on containers. The container's name is the attempt's id."""

import os
import tarfile
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from nbyard.dockerd import ATTEMPT, RUN, STORE, ContainerSpec, Engine, Say
from nbyard.domain.attempts import TASK, Failure, Image, Result
from nbyard.errors import Conflict, NbyardError, NotFound, Unavailable
from nbyard.runtimes.docker import folder as files
from nbyard.runtimes.docker import transfer
from nbyard.runtimes.docker.attempt import ContainerAttempt
from nbyard.runtimes.docker.gpus import verify
from nbyard.runtimes.docker.locks import Locks
from nbyard.runtimes.docker.specs import (
    BIND,
    VOLUME,
    container_spec,
    container_user,
    is_ours,
    labels,
    network_labels,
    network_name,
    probe_spec,
)
from nbyard.runtimes.protocol import Observation, Order
from nbyard.settings import Settings

GRACE_SECONDS = 10.0
TRIES = 3
CUT_BY_PODMAN = (
    "Podman may cut off standard input and output: let the program read and write files instead."
)

# Engine, base image, text of the requirements file, whether notebooks run in it, log → image.
ImageFor = Callable[[Engine, str, str, bool, Say], str]


class _Cancelled(Exception):
    """Somebody asked it to end while it was being prepared."""


class DockerRuntime:
    """`docker_host` "" means DOCKER_HOST or the local socket, `certificates` is the folder of those
    for TLS; `staging` is auto, bind or volume, `network` bridge, internal or none.

    `image_for` makes the image of a node that names a requirements file (see `nbyard.images`).
    """

    name = "docker"
    queues_itself = False

    def __init__(
        self,
        *,
        docker_host: str = "",
        certificates: str = "",
        base_image: str = "python:3.11-slim",
        staging: str = "auto",
        network: str = "bridge",
        image_for: ImageFor | None = None,
    ):
        self._certificates = certificates
        self.engine = Engine(docker_host, certificates=certificates)
        self._engines = {self.engine.url: self.engine}
        self._base_image = base_image
        self._staging_setting = staging
        self._network_setting = network
        self.image_for = image_for
        self._lock = threading.RLock()
        self._networks = threading.RLock()
        self._attempts: dict[str, ContainerAttempt] = {}
        self._locks = Locks()
        self._seen: dict[tuple[str, Path], bool] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> "DockerRuntime":
        return cls(
            docker_host=settings.docker_host,
            certificates=settings.docker_cert_path,
            base_image=settings.docker_base_image,
            network=settings.container_network,
        )

    def open(self, store_id: str) -> None:
        """The engine is asked when there is an order for it."""

    def close(self) -> None:
        """Let go of the engines; what runs goes on."""
        for attempt in list(self._attempts.values()):
            attempt.let_go()
        for engine in self._engines.values():
            engine.close()

    def image_id(self, name: str) -> str:
        """The engine's id of an image, for cache keys; empty while it is not here or unknown."""
        try:
            return self.engine.image_id(name)
        except Unavailable:
            return ""

    def start(self, order: Order) -> str:
        attempt = self._attempt(order)
        with attempt.starting():
            site = self._start(attempt)
        attempt.watch()
        if files.cancel_reason(order.folder) is not None:
            attempt.end()
        return site

    def poll(self, order: Order) -> Observation:
        return self._attempt(order).observe()

    def logs(self, order: Order) -> None:
        self._attempt(order).bring_up_to_date()

    def stop(self, order: Order, reason: str) -> None:
        if not files.has_result(order.folder) and order.folder.is_dir():
            files.ask_to_end(order.folder, reason)
        self._attempt(order).end()

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        removed: list[str] = []
        for engine in list(self._engines.values()):
            try:
                removed += self._sweep_engine(engine, store_id, live)
            except Unavailable:
                continue
        with self._lock:
            for attempt_id in set(self._attempts) - set(live):
                if not self._attempts[attempt_id].is_busy:
                    del self._attempts[attempt_id]
        return removed

    def _attempt(self, order: Order) -> ContainerAttempt:
        with self._lock:
            known = self._attempts.get(order.attempt_id)
            if known is None:
                engine = self._engine(order.site)
                known = ContainerAttempt(order, engine, self._networks)
                self._attempts[order.attempt_id] = known
            elif order.site and not known.order.site:
                known.order = order
            return known

    def _engine(self, site: str) -> Engine:
        if site and site not in self._engines:
            self._engines[site] = Engine(site, certificates=self._certificates)
        return self._engines[site] if site else self.engine

    # Start

    def _start(self, attempt: ContainerAttempt) -> str:
        engine, order = attempt.engine, attempt.order
        container = engine.container(attempt.name)
        if container is not None and container.status == "created":
            # Whoever made it was ended before it could be started: make it anew, whole.
            engine.remove(attempt.name)
            container = None
        if container is None and not order.site and not files.has_result(order.folder):
            try:
                self._launch(attempt)
                attempt.has_started = True
            except _Cancelled:
                _write_cancelled(attempt)
        return engine.url

    def _launch(self, attempt: ContainerAttempt) -> None:
        engine, order = attempt.engine, attempt.order
        _mind_cancel(order)
        command = attempt.command
        if engine.info.is_podman and command and (command.stdin or command.stdout):
            raise NbyardError(CUT_BY_PODMAN)
        image = self._image(attempt)
        staging = self._staging(attempt, image)
        info = engine.info
        user = container_user(info)
        sees_us = staging == BIND
        image_id = engine.image_id(image)
        lock = self._locks.of(engine, order, image, image_id)
        verify(engine, order, image)
        files.write_image(order.folder, Image(image, image_id, lock))
        files.prepare(order.folder, attempt.task, user if sees_us else (os.getuid(), os.getgid()))
        spec = container_spec(order, attempt.task, info, image, staging)
        if not sees_us:
            engine.create_volume(attempt.name, labels(order))
        for _ in range(TRIES):
            if self._run(attempt, spec, user):
                return
        raise NbyardError(f"The container {attempt.name} could not be made: its name is taken.")

    def _run(self, attempt: ContainerAttempt, spec: ContainerSpec, user: tuple[int, int]) -> bool:
        """Create and start it; False when it must be tried again."""
        engine, order = attempt.engine, attempt.order
        try:
            with self._networks:
                engine.create(msgspec.structs.replace(spec, network=self._network(attempt)))
                if spec.mounts[0].kind == "volume":
                    transfer.fill(engine, attempt.name, order.folder, user)
                engine.start(attempt.name)
        except Conflict:
            there = engine.container(attempt.name)
            return there is not None and there.status != "created"
        except NotFound as error:
            engine.remove(attempt.name)
            if "network" in error.message:
                return False
            raise NbyardError(error.message) from error
        except Unavailable:
            raise
        except NbyardError:
            attempt.clear()
            raise
        if spec.takes_stdin:
            attempt.feed()
        return True

    def _network(self, attempt: ContainerAttempt) -> str:
        """The id of the run's network, or "none"."""
        if self._network_setting == "none":
            return "none"
        order, internal = attempt.order, self._network_setting == "internal"
        name = network_name(order.run_id)
        return attempt.engine.network(name, network_labels(order), internal=internal)

    def _image(self, attempt: ContainerAttempt) -> str:
        """The image of the node, pulled or made when it is not here."""
        engine, order = attempt.engine, attempt.order
        say = _Preparation(attempt).say
        base = order.image or self._base_image
        is_notebook = attempt.command is None
        requirements = files.requirements_text(order.folder, order.requirements)
        if requirements or (is_notebook and not order.image):
            if self.image_for is None:
                raise NbyardError("No image can be made here; name one that has all it needs.")
            return self.image_for(engine, base, requirements, is_notebook, say)
        if not engine.image_id(base):
            say(f"Pulling {base}")
            engine.pull(base, say)
        return base

    def _staging(self, attempt: ContainerAttempt, image: str) -> str:
        engine, order = attempt.engine, attempt.order
        if self._staging_setting != "auto":
            return self._staging_setting
        if engine.info.remaps_users:
            return VOLUME
        key = (engine.url, order.folder.parent)
        if key not in self._seen:
            self._seen[key] = _sees(engine, order, image)
        return BIND if self._seen[key] else VOLUME

    # Sweep

    def _sweep_engine(self, engine: Engine, store_id: str, live: Collection[str]) -> list[str]:
        found = [one for one in engine.owned(STORE, store_id) if is_ours(one)]
        if not found:
            return []
        now = engine.fresh_info().now
        used_runs = {one.labels.get(RUN) for one in found if one.labels.get(ATTEMPT) in live}
        removed = []
        for one in found:
            if now - one.created_at < GRACE_SECONDS:
                used_runs.add(one.labels.get(RUN))
                continue
            if one.kind == "network":
                with self._networks:
                    if one.labels[RUN] not in used_runs and engine.remove_network(one.name):
                        removed.append(one.name)
            elif one.labels[ATTEMPT] not in live:
                (engine.remove if one.kind == "container" else engine.remove_volume)(one.name)
                removed.append(one.name)
        return removed


class _Preparation:
    """What happens before the work: told in its log, and ended when it is cancelled."""

    def __init__(self, attempt: ContainerAttempt):
        self._attempt = attempt
        self._has_begun = False

    def say(self, line: str) -> None:
        folder = self._attempt.order.folder
        if not self._has_begun:
            self._has_begun = True
            event = {"seq": 0, "at": time.time(), "type": "stage", "stage": "image"}
            with open(folder / "events.jsonl", "ab") as events:
                events.write(msgspec.json.encode(event) + b"\n")
        with open(folder / "log", "ab") as log:
            log.write(line.encode() + b"\n")
        self._attempt.poke()
        _mind_cancel(self._attempt.order)


def _mind_cancel(order: Order) -> None:
    if files.cancel_reason(order.folder) is not None:
        raise _Cancelled


def _write_cancelled(attempt: ContainerAttempt) -> None:
    now = time.time()
    reason = files.cancel_reason(attempt.order.folder) or "cancelled"
    result = Result(
        attempt_id=attempt.task.attempt_id,
        token=attempt.task.token,
        state="cancelled",
        started_at=now,
        finished_at=now,
        failure=Failure("cancelled", reason),
    )
    files.write_result(attempt.order.folder, result)


def _sees(engine: Engine, order: Order, image: str) -> bool:
    """Whether a container finds this very attempt (its token is the nonce) where we have it."""
    spec = probe_spec(order, image, order.folder)
    engine.remove(spec.name)
    try:
        engine.create(spec)
        pieces = transfer.open_archive(engine, spec.name, f"/nbyard/probe/{TASK}")
        with pieces as archive:
            for member in archive:
                content = archive.extractfile(member)
                return content is not None and content.read() == (order.folder / TASK).read_bytes()
        return False
    except Unavailable:
        raise
    except (NbyardError, tarfile.TarError):
        return False
    finally:
        engine.remove(spec.name)
