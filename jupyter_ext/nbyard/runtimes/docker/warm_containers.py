"""The pool of warm containers of runs. Each serves several notebooks, one at a time.

Only attempts of the same run with the same image, limits, GPUs and user share a container. It is
removed at the end of its run and when idle for IDLE_SECONDS. It ends by itself when the dispatcher
is gone.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from nbyard.attempts import folders
from nbyard.dockerd import Container, ContainerSpec, Engine
from nbyard.domain.attempts.structs import RESULT, TASK
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because
from nbyard.runner.container_main import CLEAR, CLEARED, RUN
from nbyard.runtimes.docker.attempt_container_spec import (
    INPUTS,
    MOUNTED,
    WARM_RUNNER,
    container_user,
)
from nbyard.runtimes.docker.attempts.container_process import RunnerChannel
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.runtimes.docker.files.local_folder import copy_runner
from nbyard.runtimes.docker.image_checks import verify_gpus
from nbyard.runtimes.docker.networks import Networks
from nbyard.runtimes.protocol import Order

BACK, OCCUPANT = "back", "occupant"
IDLE_SECONDS = 60.0  # that an idle container is kept
CLEAR_SECONDS = 10.0  # for a container to empty its folder
FOLDER = "containers"


class WarmMount:
    """The mounted folder of a warm container. `home` is the local folder of the container."""

    def __init__(self, home: Path):
        self.home = home
        self.folder = home / MOUNTED
        self._back = home / BACK

    def make(self, user: tuple[int, int]) -> None:
        """Create the mounted folder for this user, and a copy of the runner beside it."""
        self.home.mkdir(mode=0o711, parents=True)
        copy_runner(self.home / WARM_RUNNER)
        for path in (self.home / WARM_RUNNER).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (self.folder / INPUTS).mkdir(parents=True)
        self._tidy(user)

    def _tidy(self, user: tuple[int, int]) -> None:
        """Restore owners and modes that the work may have changed."""
        self.folder.chmod(0o700)
        (self.folder / INPUTS).chmod(0o755)
        if os.getuid() == 0:
            os.chown(self.folder, *user)
            os.chown(self.folder / INPUTS, 0, 0)

    def become_attempt_folder(self, folder: Path) -> None:
        """Move an attempt's files into the mounted folder, and let that replace the attempt folder.

        task.json is moved first. If the file is missing after a crash, the folder is filled again.
        """
        for path in _but_inputs(self.folder):
            folders.delete_path(path)  # left by an attempt that was cancelled as it arrived
        _move(folder / TASK, self.folder)
        for path in [*(folder / INPUTS).iterdir()]:
            _move(path, self.folder / INPUTS)
        for path in _but_inputs(folder):
            _move(path, self.folder)
        (folder / INPUTS).rmdir()
        self.folder.rename(folder)

    def leave_attempt(self, folder: Path, user: tuple[int, int]) -> None:
        """Move an attempt's files to a folder of its own, and empty the mounted folder.

        The result is moved last, so that after a crash the attempt does not count as finished.
        """
        if not self.folder.exists():
            (self._back / INPUTS).mkdir(mode=0o755, parents=True, exist_ok=True)
            for path in [*(folder / INPUTS).iterdir()]:
                _move(path, self._back / INPUTS)
            for path in sorted(_but_inputs(folder), key=lambda path: path.name == RESULT):
                _move(path, self._back)
            folder.rename(self.folder)
            self._tidy(user)
        if self._back.exists():
            self._back.rename(folder)

    def was_leaving(self) -> bool:
        """Return whether a crash interrupted `leave_attempt`."""
        return self._back.exists()


def _but_inputs(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != INPUTS]


def _move(path: Path, to: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.chmod(path.stat().st_mode | 0o700)  # else only root could move it
    path.rename(to / path.name)


class WarmContainer:
    """A running warm container.

    It has a `mount` if the engine can access this machine's files. `home` is its local folder.
    `like` has the parts of its specification that attempts must share.
    """

    def __init__(self, engine: Engine, spec: ContainerSpec, run: str, home: Path):
        self.engine = engine
        self.name = spec.name
        self.run = run
        self.home = home
        self.mount = WarmMount(home) if spec.mounts[0].kind == "bind" else None
        self.like = shared_parts(spec)
        self.idle_since = 0.0
        self.container: Container | None = None
        self.channel = RunnerChannel(engine, self.name)
        self._lock = threading.Lock()
        self._input = ExitStack()
        self._send = self._input.enter_context(engine.stdin(self.name))

    @property
    def is_usable(self) -> bool:
        """Return whether the container still runs."""
        return self.channel.is_listening

    def run_attempt(self, attempt_id: str) -> None:
        """Request the run of an attempt.

        The attempt's files must be in the container's folder.
        """
        self._ask({RUN: attempt_id})

    def clear(self, attempt_id: str) -> bool:
        """Request the deletion of the attempt's files in the container.

        Return whether that was done in time.
        """
        self._ask({CLEAR: attempt_id})
        end = time.monotonic() + CLEAR_SECONDS
        while not self.channel.has_reported(CLEARED, attempt_id):
            if time.monotonic() > end or not self.is_usable:
                return False
            self.channel.wait(0.1)
        return True

    def _ask(self, request: dict[str, str]) -> None:
        try:
            with self._lock:
                self._send(msgspec.json.encode(request) + b"\n")
        except OSError as error:
            raise NbyardError(because("container-ended", container=self.name)) from error

    def request_end(self) -> None:
        """Close the container's standard input. The container ends after its current attempt."""
        with suppress(OSError):
            self._input.close()


class WarmContainers:
    """The pool of warm containers of this dispatcher.

    `folder` has a local folder for each container. A file in it names the attempt in the container.
    """

    def __init__(self, networks: Networks) -> None:
        self.folder: Path | None = None
        self._networks = networks
        self._lock = threading.Lock()
        self._known: dict[str, WarmContainer] = {}
        self._making: set[str] = set()
        self._idle: list[WarmContainer] = []
        self._ended_runs: set[str] = set()

    def take(self, order: Order, spec: ContainerSpec) -> WarmContainer | None:
        """Reserve an idle container with the same specification. Return None without one."""
        like = order.run_id, shared_parts(spec)
        while True:
            with self._lock:
                fitting = [
                    container for container in self._idle if (container.run, container.like) == like
                ]
                if not fitting:
                    return None
                # The container used last, so that the others stay idle until they are removed.
                self._idle.remove(fitting[-1])
            if fitting[-1].is_usable:
                return fitting[-1]
            self.discard(fitting[-1])

    def make(self, engine: Engine, order: Order, spec: ContainerSpec) -> WarmContainer:
        """Create and start a new container, reserved for this order."""
        verify_gpus(engine, order, spec.image)
        assert self.folder is not None
        home, is_bound = self.folder / spec.name, spec.mounts[0].kind == "bind"
        # Until the container is known, a sweep would remove it.
        self._making.add(spec.name)
        try:
            if is_bound:
                WarmMount(home).make(container_user(engine.info))
            else:
                home.mkdir(parents=True)
                engine.create_volume(spec.name, spec.labels)
            with self._networks.use(engine, order) as network:
                engine.create(msgspec.structs.replace(spec, network=network()))
                if not is_bound:
                    volume_transfer.send_runner(engine, spec.name)
                engine.start(spec.name)
            made = WarmContainer(engine, spec, order.run_id, home)
        except (NbyardError, OSError):
            remove_container(engine, spec.name, home)
            raise
        else:
            with self._lock:
                self._known[made.name] = made
        finally:
            self._making.discard(spec.name)
        return made

    def is_owned(self, name: str) -> bool:
        """Return whether this dispatcher owns the container or is creating it."""
        return name in self._known or name in self._making

    def by_name(self, name: str) -> WarmContainer | None:
        """Return a container of this dispatcher by name, or None."""
        return self._known.get(name)

    def give_back(self, container: WarmContainer) -> None:
        """Return a container to the pool after its attempt. If its run has ended, remove it."""
        (container.home / OCCUPANT).unlink(missing_ok=True)
        with self._lock:
            keep = container.run not in self._ended_runs and container.is_usable
            if keep and container not in self._idle:
                container.idle_since = time.monotonic()
                self._idle.append(container)
        if not keep:
            self.discard(container)

    def discard(self, container: WarmContainer) -> None:
        """Remove a container, and the network of its run if no other container uses it."""
        with self._lock:
            self._known.pop(container.name, None)
            self._idle = [other for other in self._idle if other is not container]
            if not any(other.run == container.run for other in self._known.values()):
                self._ended_runs.discard(container.run)
        container.request_end()
        remove_container(container.engine, container.name, container.home)
        self._networks.remove(container.engine, container.run)

    def forget(self, name: str) -> None:
        """Remove the local folder of a container."""
        if self.folder is not None and name:
            folders.delete_path(self.folder / name)

    def remove_idle(self) -> None:
        """Remove containers that have been idle for more than IDLE_SECONDS."""
        self._discard_idle(lambda container: time.monotonic() - container.idle_since > IDLE_SECONDS)

    def end_run(self, run: str) -> None:
        """Remove the idle containers of a run. Busy ones are removed after their attempt."""
        with self._lock:
            if any(container.run == run for container in self._known.values()):
                self._ended_runs.add(run)
        self._discard_idle(lambda container: container.run == run)

    def _discard_idle(self, wanted: Callable[[WarmContainer], bool]) -> None:
        with self._lock:
            discarded = [container for container in self._idle if wanted(container)]
            self._idle = [container for container in self._idle if container not in discarded]
        for container in discarded:
            with suppress(NbyardError):  # an engine does not respond: the sweep will try again
                self.discard(container)

    def close(self) -> None:
        """Release all containers. They end after their current attempt."""
        for container in [*self._known.values()]:
            container.request_end()

    def container_of(self, attempt_id: str) -> str:
        """Return the name of the container that an attempt is in, "" for none.

        Another dispatcher may have created that container.
        """
        for place in self.folder.glob(f"*/{OCCUPANT}") if self.folder else ():
            with suppress(OSError):
                if place.read_text() == attempt_id:
                    return place.parent.name
        return ""

    def attempt_in(self, name: str) -> str:
        """Return the ID of the attempt in a container, "" if there is none."""
        with suppress(OSError):
            return (self.folder / name / OCCUPANT).read_text() if self.folder else ""
        return ""


def remove_container(engine: Engine, name: str, home: Path) -> None:
    """Remove a warm container, its volume and its local folder."""
    engine.remove(name)
    engine.remove_volume(name)
    folders.delete_path(home)


def shared_parts(spec: ContainerSpec) -> ContainerSpec:
    """Return the parts of a specification that all attempts in a container must share."""
    return msgspec.structs.replace(spec, name="", mounts=[], labels={}, network="")
