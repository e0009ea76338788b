"""An attempt in a warm container of its run, which serves several attempts."""

import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from nbyard.dockerd import Container, Engine
from nbyard.domain.attempts.structs import RUNNER
from nbyard.domain.environments.structs import Lock
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because
from nbyard.runner.container_main import BEGUN, ENDED
from nbyard.runtimes import attempt_files as files
from nbyard.runtimes.docker.attempt_container_spec import STAGING, VOLUME, container_user
from nbyard.runtimes.docker.attempts.container_attempt import ContainerAttempt
from nbyard.runtimes.docker.attempts.container_process import (
    GRACE_SECONDS,
    LOOK_SECONDS,
    is_over_within,
)
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.runtimes.docker.files.local_folder import restore_owner
from nbyard.runtimes.docker.networks import Networks
from nbyard.runtimes.docker.warm_containers import (
    OCCUPANT,
    WarmContainer,
    WarmContainers,
    WarmMount,
    remove_container,
)
from nbyard.runtimes.protocol import Observation, Order

BEGIN_SECONDS = 60.0
# Between the URL and the container in a site. The URL of an engine has no fragment.
MARK = "#"
OLDEST_PYTHON = (3, 9)


def can_serve(lock: Lock | None) -> bool:
    """Return whether an image with these packages has a Python that the runner supports."""
    numbers = lock.python.split(".")[:2] if lock else ()
    return tuple(int(number) for number in numbers if number.isdecimal()) >= OLDEST_PYTHON


class WarmAttempt(ContainerAttempt):
    """An attempt in a warm container.

    A supervisor runs its work, even if that is a command.
    """

    command = None
    is_shared = True

    def __init__(self, order: Order, engine: Engine, networks: Networks, warm: WarmContainers):
        super().__init__(order, engine, networks)
        self._warm = warm
        self._known_since = time.monotonic()
        self.name = order.site.partition(MARK)[2] or warm.container_of(order.attempt_id)

    @property
    def _home(self) -> Path:
        assert self._warm.folder is not None
        return self._warm.folder / self.name

    @property
    def site(self) -> str:
        """Return the engine's URL and the container's name."""
        return f"{self.engine.url}{MARK}{self.name}" if self.name else self.engine.url

    @property
    def was_placed(self) -> bool:
        return bool(self.name or self.order.site)

    def start_in(self, container: WarmContainer) -> None:
        """Start the attempt in a warm container, after recording that in the container's folder."""
        self.watcher.channel = container.channel
        try:
            # Written first: after a crash, another dispatcher finds the attempt by this file.
            (container.home / OCCUPANT).write_text(self.order.attempt_id)
            if container.mount is not None:
                container.mount.become_attempt_folder(self.order.folder)
            else:
                user = container_user(self.engine.info)
                volume_transfer.send_folder(self.engine, container.name, self.order.folder, user)
        except (NbyardError, OSError):
            self._warm.discard(container)
            raise
        self.name = container.name
        self.has_started, self._known_since = True, time.monotonic()
        with suppress(NbyardError):  # a container that has just ended is noticed later
            container.run_attempt(self.order.attempt_id)

    def observe(self) -> Observation:
        if self.name and not self.is_starting:
            mount = WarmMount(self._home)
            if mount.was_leaving():
                with self._finish_lock:
                    if not self.is_over and mount.was_leaving():
                        mount.leave_attempt(self.order.folder, container_user(self.engine.info))
        if not self.name and not self.is_starting:
            return Observation("finished" if files.has_result(self.order.folder) else "absent")
        return super().observe()

    def find_container(self) -> Container | None:
        """Return the container.

        The engine is not asked while the container's output is followed.
        """
        known = self._warm.by_name(self.name)
        if known is None:
            return super().find_container()
        if known.container is None or not known.is_usable:
            known.container = super().find_container()
        return known.container

    def _is_followed(self) -> bool:
        return self._has_begun() and super()._is_followed()

    def _has_begun(self) -> bool:
        return self._has_reported(BEGUN) or os.path.lexists(self.order.folder / RUNNER)

    def _observe_container(self, container: Container) -> Observation:
        if not self._has_begun() and time.monotonic() - self._known_since > BEGIN_SECONDS:
            self.engine.signal(self.name, "SIGKILL")  # its runner did not get the request
        return super()._observe_container(container)

    def _came_at(self) -> float:
        try:
            return (self._home / OCCUPANT).stat().st_mtime
        except OSError:
            return time.time()

    def _of_this(self, container: Container) -> Container:
        return msgspec.structs.replace(container, started_at=self._came_at())

    def finish_early(self, container: Container) -> None:
        """Collect the attempt's results, and free its container for other attempts."""
        with self._finish_lock:
            if self._is_settled or self._lost:
                return
            user = container_user(self.engine.info)
            if container.labels.get(STAGING) == VOLUME:
                volume_transfer.fetch_all(self.engine, self.name, self.order, self.task)
            else:
                WarmMount(self._home).leave_attempt(self.order.folder, user)
            restore_owner(self.order.folder, user)
            self._move_out()
            if files.has_result(self.order.folder):
                self._is_settled = True
            else:
                self._lost = because("supervisor-killed")
        self.poke()

    def _move_out(self) -> None:
        """Return the container to the pool.

        This precedes the result, so that the next attempt finds it.
        """
        known = self._warm.by_name(self.name)
        if known is None:
            return  # it belongs to a dispatcher that is gone, and ends by itself
        if known.mount is not None or known.clear(self.order.attempt_id):
            self._warm.give_back(known)
        else:
            self._warm.discard(known)

    def _end_once(self) -> None:
        container = self.engine.container(self.name) if self.name and not self.is_over else None
        if container is not None and not container.is_over:
            if container.labels.get(STAGING) == VOLUME:
                with suppress(NbyardError, OSError):
                    volume_transfer.send_file(self.engine, self.name, self.order.folder / "cancel")
            self.watch()
            seconds = GRACE_SECONDS + 1
            end = time.monotonic() + seconds
            while not (has_ended := self.is_over or self._has_reported(ENDED)):
                if time.monotonic() > end:
                    break
                time.sleep(LOOK_SECONDS)
            if has_ended:
                self.finish_early(container)
            else:
                self.engine.signal(self.name, "SIGKILL")
                is_over_within(self.engine, self.name, GRACE_SECONDS)
            container = self.engine.container(self.name)
        self._finish_and_clear(None if self.is_over else container)

    def _has_reported(self, word: str) -> bool:
        channel = self.watcher.channel
        return channel is not None and channel.has_reported(word, self.order.attempt_id)

    def _leave_network(self) -> None:
        """Leave the network to the last container of the run, which removes it."""
        if self._warm.by_name(self.name) is None:
            super()._leave_network()

    def clear(self) -> None:
        """Remove the container, unless other attempts can use it."""
        known = self._warm.by_name(self.name)
        if not self.name or (known is not None and known.is_usable):
            return
        if known is not None:
            self._warm.discard(known)
        elif self._warm.attempt_in(self.name) in ("", self.order.attempt_id):
            remove_container(self.engine, self.name, self._home)
