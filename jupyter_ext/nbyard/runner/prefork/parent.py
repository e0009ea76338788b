"""The parent of supervisors: forks one for each request, and cleans up after killed ones.

The parent adopts processes that a killed supervisor leaves behind, and kills them. It outlives the
dispatcher that started it until its last supervisor has ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from ..attempt_folder import AttemptFolder
from ..process import processes
from ..process.environ_stamps import stamp
from ..process.forks import adopt_orphans, live_as, prepare_to_fork
from ..supervision.orphan_cleanup import make_scratch, remove_scratch
from ..supervision.start_supervisor import supervise
from .pool import LOOK_SECONDS, Pool, SupervisorPool, WaitingSupervisor, serve
from .preload import preload
from .warm_runner import MOST_ATTEMPTS, WarmRunner, offer_again, stand_by

REQUEST_BYTES = 64 * 1024
STAYS = b"1"


def main(descriptor: int, pool: Pool | None) -> int:
    """Serve requests of the dispatcher until it disconnects.

    With a pool, keep kernels warm. A request is one packet: JSON with `folder`, `attempt_id` and
    `kernel`, the kernel's name if a warm one may be used. The packet comes with the descriptor of a
    pipe. "1" is written to it once a supervisor has the attempt.
    """
    os.set_inheritable(descriptor, False)
    if pool:
        preload()
    prepare_to_fork()
    return Parent(socket.socket(fileno=descriptor), pool).serve()


class Parent:
    """The process that forks supervisors, and cleans up after killed ones."""

    def __init__(self, requests: socket.socket, pool: Pool | None) -> None:
        self._is_prepared = pool is not None
        self._pool = pool or Pool(0, 0)
        self._requests = requests
        self._hangs_up = False
        self._folders: dict[int, str] = {}  # folders of attempts by the pid of their supervisors
        self._supervisors = SupervisorPool()
        self._attempt_id = stamp("NBYARD_ATTEMPT_ID")
        self._pid = os.getpid()
        self._read_end, self._write_end = os.pipe()
        # signal.set_wakeup_fd accepts only descriptors that do not block.
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)

    def serve(self) -> int:
        """Serve until the dispatcher disconnects and all supervisors have ended."""
        adopt_orphans()
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        # Python reports only signals that have a handler to the wake-up descriptor.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while (
            not self._hangs_up or self._folders or self._pool.leaving or self._supervisors.leaving
        ):
            pool = self._pool
            kernel = "" if self._hangs_up else pool.kernel_to_prepare()
            sources: list[Any] = [self._read_end, *pool.sources(), *self._supervisors.sources()]
            if not self._hangs_up:
                sources.append(self._requests)
            patience = LOOK_SECONDS if pool.standing or self._supervisors.idle else None
            ready = select.select(sources, [], [], 0 if kernel else patience)[0]
            if self._read_end in ready:
                os.read(self._read_end, 4096)
                # Killed supervisors leave processes.
                if broken := self._reap():
                    processes.kill_all(self._orphans, lambda: broken.extend(self._reap()))
                for scratch in broken:
                    remove_scratch(scratch)
            self._check_pool(ready)
            for member in list(self._supervisors.busy.values()):
                if member.claims in ready and self._supervisors.read_state(member):
                    del self._folders[member.pid]
            # Requests come first: forking a warm kernel would delay an attempt.
            if self._requests in ready:
                self._handle_request()
            elif kernel:
                self._prepare_supervisor(kernel)
            else:
                pool.dismiss_unneeded()
                self._supervisors.dismiss_idle()
        return 0

    def _check_pool(self, ready: list[Any]) -> None:
        for supervisor in list(self._pool.standing.values()):
            if supervisor.claims in ready:
                self._pool.mark_ready(supervisor)
        for supervisor in list(self._pool.busy.values()):
            if supervisor.claims in ready and self._pool.is_free(supervisor):
                self._keep_or_dismiss(supervisor)

    def _handle_request(self) -> None:
        """Start an attempt, or note that the dispatcher has disconnected."""
        packet, handles, _, _ = socket.recv_fds(self._requests, REQUEST_BYTES, 1)
        if not packet:
            self._hangs_up = True
            for supervisor in list(self._pool.standing.values()):
                self._pool.dismiss(supervisor)
            self._supervisors.dismiss_all()
            # The dispatcher waits for the end of this process, unless this byte says it stays.
            if self._folders:
                with contextlib.suppress(OSError):  # the dispatcher may be gone
                    self._requests.send(STAYS)
            return
        request, (ready,) = json.loads(packet), handles
        # the dispatcher notices when `ready` is closed without an answer
        with contextlib.suppress(OSError):
            pid = self._hand_over(request["kernel"], packet, ready)
            self._folders[pid or self._begin(request, ready)] = request["folder"]
        os.close(ready)

    def _begin(self, request: dict[str, str], ready: int) -> int:
        """Fork a supervisor for an attempt. Return its pid.

        Without a pool of kernels, the supervisor stays for further attempts.
        """
        if self._is_prepared:
            return self._fork(partial(self._supervise, request, ready), ready)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            life = partial(serve, self._supervise, request, ready, theirs)
            try:
                pid = self._fork(life, ready, theirs.fileno())
            except OSError:
                ours.close()
                raise
        self._supervisors.add(pid, ours)
        return pid

    def _hand_over(self, kernel: str, packet: bytes, ready: int) -> int:
        """Hand an attempt to a waiting supervisor. Return its pid, or 0 if there is none."""
        if not self._is_prepared:
            return self._supervisors.take(packet, ready)
        if not kernel:
            return 0
        from ..kernels.specifications import is_forkable
        from .warm_foreign_kernel import origin_of

        is_forked = is_forkable(kernel)
        if not is_forked and origin_of(kernel) is None:
            return 0
        supervisor = self._pool.take(kernel, is_forked=is_forked)
        if supervisor is None:
            return 0
        try:
            socket.send_fds(supervisor.claims, [packet], [ready])
        except OSError:
            return 0  # the supervisor has just ended
        return supervisor.pid

    def _keep_or_dismiss(self, supervisor: WaitingSupervisor) -> None:
        """Keep a supervisor whose attempt has ended for another one, or dismiss it."""
        self._folders.pop(supervisor.pid, None)
        scratch = ""
        try:
            if not self._hangs_up and self._pool.wants_back(supervisor.kernel):
                scratch = make_scratch()
                self._pool.return_supervisor(supervisor, scratch)
                return
        except OSError:
            remove_scratch(scratch)
        self._pool.dismiss(supervisor)

    def _prepare_supervisor(self, kernel: str) -> None:
        """Fork a supervisor that prepares a kernel and waits for an attempt."""
        from ..kernels.specifications import is_forkable

        self._pool.make_room(kernel)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        scratch = ""
        with theirs:
            try:
                scratch = make_scratch()
                pid = self._fork(partial(self._stand_by, kernel, scratch, theirs), theirs.fileno())
            except OSError:
                ours.close()
                remove_scratch(scratch)
                self._pool.give_up()
                return
        self._pool.add(WaitingSupervisor(pid, kernel, scratch, ours, is_forkable(kernel)))

    def _fork(self, work: Callable[[], int], *keep: int) -> int:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            # Through the shared pipe, signals to the fork would wake the parent.
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            processes.keep_only(*keep)
            live_as(work)
        return pid

    def _supervise(
        self, request: dict[str, str], ready: int, warm: WarmRunner | None = None
    ) -> int:
        """Supervise an attempt in the fork, like `python runner FOLDER` but without imports."""
        self._attempt_id.write(request["attempt_id"])
        folder, prepared = request["folder"], self._is_prepared
        return supervise(folder, ready, self._pid, is_prepared=prepared, waiting=warm)

    def _stand_by(self, kernel: str, scratch: str, claims: socket.socket) -> int:
        """Wait in the fork for attempts and supervise each of them. Return the exit status."""
        adopt_orphans()
        warm = WarmRunner(kernel, scratch)
        status = 0
        for more in reversed(range(MOST_ATTEMPTS)):
            called = stand_by(warm, claims)
            if not called:
                break
            warm.claim(may_stay=more > 0)
            status = self._supervise(*called, warm)
            if not warm.stays or not offer_again(warm, claims):
                break
        if warm.is_idle:
            warm.end()
        return status

    def _reap(self) -> list[str]:
        """Reap ended children. Return the scratch folders of killed supervisors."""
        broken: list[str] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return broken
            if not pid:
                return broken
            path, supervisor = self._folders.pop(pid, None), self._pool.remove_ended(pid)
            self._supervisors.forget_ended(pid)
            if status and supervisor:
                broken.append(supervisor.scratch)
            elif status and path is not None:
                try:
                    with open(AttemptFolder(path).at("runner.json"), encoding="utf-8") as file:
                        scratch = str(json.load(file).get("scratch", ""))
                except (OSError, ValueError):
                    scratch = ""
                # The work can write runner.json. So only a folder with the prefix of scratch
                # folders is deleted.
                broken.append(scratch if os.path.basename(scratch).startswith("nby-") else "")

    def _orphans(self) -> set[int]:
        """Return the processes below this one that belong to no supervisor."""
        table = processes.process_table(dead=True)
        orphans = processes.descendants(self._pid, table)
        own = {*self._folders, *self._supervisors.pids(), *self._pool.standing, *self._pool.leaving}
        for pid in own:
            orphans -= {pid} | processes.descendants(pid, table)
        return orphans
