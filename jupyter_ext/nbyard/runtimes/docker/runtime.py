"""The Docker runtime: runs each attempt in a container that is named by the attempt's ID."""

import os
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from nbyard.attempts.folders import cancel_reason, request_stop
from nbyard.dockerd import ATTEMPT, RUN, STORE, ContainerSpec, Engine, OwnedObject, engine_message
from nbyard.domain.attempts.structs import EVENTS, IMAGE_STAGE, Image, NotebookWork
from nbyard.errors import Conflict, NbyardError, NotFound, Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes import attempt_files as files
from nbyard.runtimes.docker.attempt_container_spec import (
    BIND,
    VOLUME,
    WARM,
    attempt_labels,
    container_spec,
    container_user,
    dockerfile_of,
    is_owned,
    warm_spec,
    with_image,
)
from nbyard.runtimes.docker.attempts import secret_output
from nbyard.runtimes.docker.attempts.container_attempt import ContainerAttempt
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.runtimes.docker.files.local_folder import prepare_folder, requirements_text, write_image
from nbyard.runtimes.docker.image_checks import Locks, verify_gpus
from nbyard.runtimes.docker.networks import Networks
from nbyard.runtimes.docker.warm_attempt import MARK, WarmAttempt, can_serve
from nbyard.runtimes.docker.warm_containers import FOLDER as CONTAINERS
from nbyard.runtimes.docker.warm_containers import WarmContainers
from nbyard.runtimes.protocol import CodeImage, ImageFor, Observation, Order
from nbyard.settings import Settings

# Younger objects may belong to an attempt that `live` does not contain yet.
GRACE_SECONDS = 10.0
IMAGES = "images"
# Another process may remove a run's network before the new container joins it.
TRIES = 3


class _Cancelled(Exception):
    """The attempt was cancelled during its preparation."""


class _NeedsFresh(Exception):
    """The image cannot be used for a warm container, such as for lack of a suitable Python."""


class DockerRuntime:
    """Runs attempts in containers of a Docker engine.

    `docker_host` "" means DOCKER_HOST or the local socket. `certificates` is the folder with
    certificates for TLS. `staging` is auto, bind or volume, `network` is bridge, internal or none.
    `image_for` builds images for requirements files, `code_image` for Dockerfiles (see
    `nbyard.images`).
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
        self.engines = {self.engine.url: self.engine}
        self._base_image = base_image
        self._staging_setting = staging
        self.image_for = image_for
        self.code_image: CodeImage | None = None
        self._lock = threading.RLock()
        self._networks = Networks(network)
        self._warm = WarmContainers(self._networks)
        self._attempts: dict[str, ContainerAttempt] = {}
        self._locks = Locks()
        self._seen: dict[tuple[str, Path], bool] = {}
        self._report: Callable[[list[OwnedObject]], None] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "DockerRuntime":
        made = cls(
            docker_host=settings.docker_host,
            certificates=settings.docker_cert_path,
            base_image=settings.docker_base_image,
            network=settings.container_network,
        )
        made._locks = Locks(settings.store_path / IMAGES)
        made._warm.folder = settings.store_path / CONTAINERS
        return made

    def open(self, store_id: str) -> None:
        """Do nothing: the first order connects to the engine."""

    def close(self) -> None:
        """Disconnect from the engines. Running attempts continue."""
        for attempt in list(self._attempts.values()):
            attempt.request_end()
        self._warm.close()
        for engine in self.engines.values():
            engine.close()

    def build_images_with(self, image_for: ImageFor, code_image: CodeImage) -> None:
        """Set the functions that build images for requirements files and Dockerfiles."""
        self.image_for, self.code_image = image_for, code_image

    def report_objects_to(self, report: Callable[[list[OwnedObject]], None]) -> None:
        """Set a function that each sweep calls with the store's objects on its engine."""
        self._report = report

    def image_id(self, name: str) -> str:
        """Return the engine's ID of an image, for cache keys, or "" if the image is missing.

        Raises:
            Unavailable: The engine does not respond.
        """
        return self.engine.image_id(name)

    def start(self, order: Order) -> str:
        """Start an attempt in a container, and return its site."""
        attempt = self.attempt(order)
        try:
            with attempt.starting():
                site = self._start(attempt)
        except _NeedsFresh:
            attempt = self._attempts[order.attempt_id] = ContainerAttempt(
                order, attempt.engine, self._networks
            )
            with attempt.starting():
                site = self._start(attempt)
        attempt.watch()
        if cancel_reason(order.folder) is not None:
            attempt.stop_in_background()
        return site

    def end_run(self, run_id: str) -> None:
        """Stop the warm containers of a run that will start no more attempts."""
        self._warm.end_run(run_id)

    def poll(self, order: Order) -> Observation:
        return self.attempt(order).observe()

    def logs(self, order: Order) -> None:
        self.attempt(order).bring_up_to_date()

    def stop(self, order: Order, reason: Reason) -> None:
        request_stop(order.folder, reason)
        self.attempt(order).stop_in_background()

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Remove objects of attempts that are not in `live`.

        Return the names of those objects.
        """
        removed: list[str] = []
        self._warm.remove_idle()
        for engine in list(self.engines.values()):
            try:
                removed += self._sweep_engine(engine, store_id, live)
            except Unavailable:
                continue
        with self._lock:
            for attempt_id in set(self._attempts) - set(live):
                if not self._attempts[attempt_id].is_busy:
                    del self._attempts[attempt_id]
        return removed

    def attempt(self, order: Order) -> ContainerAttempt:
        with self._lock:
            self._warm.folder = self._warm.folder or order.folder.parent.parent / CONTAINERS
            known = self._attempts.get(order.attempt_id)
            if known is None:
                known = self._attempts[order.attempt_id] = self._new_attempt(order)
            elif order.site and not known.order.site:
                known.order = order
            return known

    def _new_attempt(self, order: Order) -> ContainerAttempt:
        url, in_warm, _ = order.site.partition(MARK)
        if url and url not in self.engines:
            self.engines[url] = Engine(url, certificates=self._certificates)
        engine = self.engines[url] if url else self.engine
        if in_warm or (order.warm and not order.site):
            return WarmAttempt(order, engine, self._networks, self._warm)
        return ContainerAttempt(order, engine, self._networks)

    # Start

    def _start(self, attempt: ContainerAttempt) -> str:
        engine, order = attempt.engine, attempt.order
        container = engine.container(attempt.name) if attempt.name else None
        if container is not None and container.status == "created":
            # A dispatcher that was killed created it, perhaps not completely.
            engine.remove(attempt.name)
            container = None
        if container is None and not attempt.was_placed and not files.has_result(order.folder):
            try:
                self._launch(attempt)
                attempt.has_started = True
            except _Cancelled:
                files.cancel_unstarted(order.folder)
        return attempt.site

    def _launch(self, attempt: ContainerAttempt) -> None:
        engine, order = attempt.engine, attempt.order
        _mind_cancel(order)
        if isinstance(attempt, WarmAttempt):
            self._start_warm(attempt)
            return
        with self._networks.use(engine, order) as network:
            spec = self._prepare(attempt)
            is_done = self._run(attempt, spec, network)
        for _ in range(TRIES - 1):
            if is_done:
                return
            with self._networks.use(engine, order) as network:
                is_done = self._run(attempt, spec, network)
        if not is_done:
            raise NbyardError(because("container-name-taken", container=attempt.name))

    def _start_warm(self, attempt: WarmAttempt) -> None:
        """Start the attempt in a warm container of its run, or in a new one that stays warm."""
        engine, order = attempt.engine, attempt.order
        if engine.info.is_podman:
            raise NbyardError(because("podman-keeps-none-warm"))
        if dockerfile_of(attempt.task):
            raise _NeedsFresh
        image, staging = self._record_image(attempt)
        if not can_serve(image.lock):
            raise _NeedsFresh
        prepare_folder(order.folder, attempt.task, _owner(engine, staging), has_runner=True)
        home = self._warm.folder if staging == BIND else None
        spec = warm_spec(order, attempt.task, engine.info, image.id, home)
        attempt.start_in(self._warm.take(order, spec) or self._warm.make(engine, order, spec))

    def _prepare(self, attempt: ContainerAttempt) -> ContainerSpec:
        """Prepare a new container except its network. Return its specification."""
        engine, order = attempt.engine, attempt.order
        image, staging = self._record_image(attempt)
        prepare_folder(order.folder, attempt.task, _owner(engine, staging))
        verify_gpus(engine, order, image.name)
        if staging == VOLUME:
            engine.create_volume(attempt.name, attempt_labels(order))
        task = with_image(attempt.task, engine.image(image.name))
        apart = secret_output.start_collector(engine, order, task, image.name, staging)
        return container_spec(order, task, engine.info, image.name, staging, apart)

    def _record_image(self, attempt: ContainerAttempt) -> tuple[Image, str]:
        """Record the attempt's image. Return it, and whether files are mounted or transferred."""
        engine, order = attempt.engine, attempt.order
        name = self._image(attempt)
        staging = self._staging(attempt, name)
        image_id = engine.image_id(name)
        image = Image(name, image_id, self._locks.of(engine, order, name, image_id))
        write_image(order.folder, image)
        return image, staging

    def _run(
        self, attempt: ContainerAttempt, spec: ContainerSpec, network: Callable[[], str]
    ) -> bool:
        """Create and start the container. Return False if the caller must try again."""
        engine, order = attempt.engine, attempt.order
        try:
            engine.create(self._networks.with_network(spec, network()))
            if spec.mounts[0].kind == "volume":
                user = container_user(engine.info)
                volume_transfer.send_folder(engine, attempt.name, order.folder, user)
            engine.start(attempt.name)
        except Conflict:
            there = engine.container(attempt.name)
            return there is not None and there.status != "created"
        except NotFound as error:
            engine.remove(attempt.name)
            if "network" in engine_message(error):
                return False
            attempt.clear()
            raise NbyardError(error.reason) from error
        except Unavailable:
            raise
        except NbyardError:
            attempt.clear()
            self._networks.remove(engine, order.run_id)
            raise
        if spec.takes_stdin:
            attempt.feeder.start()
        return True

    def _image(self, attempt: ContainerAttempt) -> str:
        """Return the name of the node's image, after pulling or building it if it is missing."""
        engine, order = attempt.engine, attempt.order
        say = _Preparation(attempt).log_line
        base = order.image or self._base_image
        is_notebook = isinstance(attempt.task.work, NotebookWork)
        requirements = requirements_text(order.folder, order.requirements)
        dockerfile = "" if order.image else dockerfile_of(attempt.task)
        needs_more = requirements or (is_notebook and not order.image)
        if (dockerfile and not self.code_image) or (needs_more and not self.image_for):
            raise NbyardError(because("no-image-builder"))
        if dockerfile and self.code_image:
            folder = order.folder / "code"
            return self.code_image(engine, folder, dockerfile, say, owner_key=order.owner_key)
        if needs_more and self.image_for:
            asked = (engine, base, requirements, is_notebook, say)
            return self.image_for(*asked, owner_key=order.owner_key)
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
            self._seen[key] = volume_transfer.can_access_folder(engine, order, image)
        return BIND if self._seen[key] else VOLUME

    # Sweep

    def _sweep_engine(self, engine: Engine, store_id: str, live: Collection[str]) -> list[str]:
        there = engine.owned_objects(STORE, store_id)
        if self._report is not None and engine is self.engine:
            self._report(there)
        objects = [item for item in there if is_owned(item)]
        if not objects:
            return []
        # Ages count on the engine's clock, which may differ from that of this machine.
        now = engine.fresh_info().now
        wanted = {
            item.name for item in objects if item.kind != "network" and self._is_wanted(item, live)
        }
        used_runs = {item.labels.get(RUN) for item in objects if item.name in wanted}
        removed = []
        for item in objects:
            if now - item.created_at < GRACE_SECONDS:
                used_runs.add(item.labels.get(RUN))
                continue
            if item.kind == "network":
                run = item.labels[RUN]
                if run not in used_runs and self._networks.remove(engine, run):
                    removed.append(item.name)
            elif item.name not in wanted:
                (engine.remove if item.kind == "container" else engine.remove_volume)(item.name)
                self._warm.forget(item.name)
                removed.append(item.name)
        return removed

    def _is_wanted(self, item: OwnedObject, live: Collection[str]) -> bool:
        if WARM not in item.labels:
            return item.labels[ATTEMPT] in live
        return self._warm.is_owned(item.name) or self._warm.attempt_in(item.name) in live


class _Preparation:
    """Logs the preparation of an attempt, and raises `_Cancelled` once the attempt is cancelled."""

    def __init__(self, attempt: ContainerAttempt):
        self.attempt = attempt
        self._has_begun = False

    def log_line(self, line: str) -> None:
        """Append a line to the log of the attempt."""
        folder = self.attempt.order.folder
        if not self._has_begun:
            self._has_begun = True
            event = {"seq": 0, "at": time.time(), "type": "stage", "stage": IMAGE_STAGE}
            with open(folder / EVENTS, "ab") as events:
                events.write(msgspec.json.encode(event) + b"\n")
        with open(folder / "log", "ab") as log:
            log.write(line.encode() + b"\n")
        self.attempt.poke()
        _mind_cancel(self.attempt.order)


def _owner(engine: Engine, staging: str) -> tuple[int, int]:
    """Return the user and group that must own an attempt folder on this machine."""
    return container_user(engine.info) if staging == BIND else (os.getuid(), os.getgid())


def _mind_cancel(order: Order) -> None:
    if cancel_reason(order.folder) is not None:
        raise _Cancelled
