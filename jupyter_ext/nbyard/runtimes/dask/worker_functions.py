"""Functions that run on a Dask worker, where nbyard is not installed.

The module uses the standard library only. Its text and that of `folder_entries` are sent with each
call. It keeps nothing in memory, so that a later dispatcher can continue. `run` creates a folder
for each attempt, its *place*, and reports it. A place contains:

    attempt/    the attempt folder, if the worker cannot access the original
    runner/     the runner
    words       output of the runner outside the log
    filled      created when all files have arrived
    taken       created when the results were fetched or are not needed: `run` cleans up and ends
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from typing import Any

from .folder_entries import Entry, changed_files, list_entries, read_files, write_entries

ATTEMPT, RUNNER, WORDS, FILLED, TAKEN = "attempt", "runner", "words", "filled", "taken"
TASK, IDENTITY, RESULT, EXECUTED = "task.json", "runner.json", "result.json", "executed.ipynb"
SECRETS, GROWING = "secrets", ("log", "events.jsonl", "metrics.jsonl")
MEMORY, PROCESSES = "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp", "/proc/self/ns/pid"
PIECE_BYTES = 4 * 2**20
LOOK_SECONDS = 0.1  # between checks of files and of the runner
GREW_SECONDS = 0.5  # between two messages that a file grew
NEIGHBOUR_SECONDS = 1.0  # between checks whether the work is a client of this cluster
SILENCE_SECONDS = 120.0  # without a file of the attempt, after which `run` gives up
KEEP_SECONDS = 900.0  # for the results to be fetched
THIS = os.urandom(8).hex()  # unique to this worker
# Variables of the worker's parent. The work must not take itself for a part of it.
FOREIGN = ("JPY_", "JUPYTERHUB_", "JUPYTER_TOKEN", "NBYARD_", "PYDEVD_")
# If the worker ends, the system kills the runner, and the runner's guard kills the work.
DIE_TOGETHER = """
import ctypes, os, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
prctl and prctl(1, 9, 0, 0, 0)
os.getppid() == int(sys.argv[1]) or sys.exit("the worker is gone")
os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv[2:]])
"""


# A reason as plain data: a code of nbyard's catalogue and its parameters.
Why = dict[str, Any]


def run(job: dict[str, Any]) -> Why | None:
    """Run an attempt as a Dask task, and wait until its results are fetched.

    `job` has the attempt's ID, its folder, the runner and variables. Return why there is no result,
    or None.
    """
    from distributed import get_worker

    sweep()
    worker = get_worker()
    place = tempfile.mkdtemp(prefix=f"nbyard-{job['attempt_id']}-", dir=worker.local_directory)
    try:
        return Visit(worker, job, place).carry_out()
    finally:
        _remove_secrets(place)
        # Under its name, `end` would put a file into it meanwhile. The work may have nested deeply.
        gone = f"{place}.gone"
        with contextlib.suppress(OSError):
            os.rename(place, gone)
        with contextlib.suppress(RecursionError):
            shutil.rmtree(gone, ignore_errors=True)
        if os.path.lexists(gone):
            # nothing else can be done about an error
            subprocess.run(["rm", "-rf", gone], check=False)


def because(code: str, **params: Any) -> Why:
    """Return a reason as plain data.

    Unlike nbyard's own function, this one does not check the code.
    """
    return {"code": code, "params": params}


class Visit:
    """Runs one attempt on this worker."""

    def __init__(self, worker: Any, job: dict[str, Any], place: str) -> None:
        self._worker = worker
        self._scheduler = str(worker.scheduler.address)
        self._job = job
        self._place = place
        self._is_shared = False
        if not job["has_secrets"]:  # secrets may be in another machine's memory
            task = os.path.join(job["folder"], TASK)
            with contextlib.suppress(OSError), open(task, "rb") as file:
                # its token makes task.json unique
                self._is_shared = hashlib.sha256(file.read()).hexdigest() == str(job["nonce"])
        self._folder = job["folder"] if self._is_shared else os.path.join(place, ATTEMPT)
        self._sizes: list[tuple[int, int]] = []
        self._logged_at = 0.0
        self._looked_at = 0.0
        self._has_seceded = False

    def carry_out(self) -> Why | None:
        """Wait for the attempt's files if needed, and run it.

        Return why it has no result, or None.
        """
        if self._is_shared and os.path.lexists(os.path.join(self._folder, IDENTITY)):
            return because("dask-first-worker-gone")
        self._log_event("began")
        if not self._is_shared and not self._wait_for_files():
            return because("dask-files-missing")
        why = self._work()
        self._log_event("ended")
        if not why and not self._is_shared:
            end = time.monotonic() + KEEP_SECONDS
            while not self._has(TAKEN) and time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
        return why

    def _log_event(self, what: str) -> None:
        topic = self._job["grown_topic" if what == "grew" else "topic"]
        event = {"attempt": self._job["attempt_id"], "what": what, "worker": self._worker.address}
        self._worker.log_event(topic, event | {"place": self._place, "is_shared": self._is_shared})

    def _has(self, name: str) -> bool:
        return os.path.exists(os.path.join(self._place, name))

    def _wait_for_files(self) -> bool:
        last, since = 0.0, time.monotonic()
        while not self._has(FILLED):
            sign, now = os.stat(self._place).st_mtime, time.monotonic()
            if sign != last:
                last, since = sign, now
            if self._has(TAKEN) or now - since > SILENCE_SECONDS:
                return False
            time.sleep(LOOK_SECONDS)
        return not self._has(TAKEN)

    def _work(self) -> Why | None:
        """Start the runner and wait for its end. Return why it left no result, or None."""
        with tarfile.open(fileobj=io.BytesIO(self._job["runner"])) as archive:
            if hasattr(tarfile, "data_filter"):  # missing before Python 3.11.4
                archive.extraction_filter = tarfile.data_filter
            archive.extractall(os.path.join(self._place, RUNNER))
        main = os.path.join(self._place, RUNNER, "__main__.py")
        together = [sys.executable, "-I", "-S", "-c", DIE_TOGETHER, str(os.getpid())]
        with open(os.path.join(self._place, WORDS), "w+b") as output_file:
            process = subprocess.Popen(
                [*together, main, "--foreground", self._folder],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output_file,
                stderr=output_file,
                start_new_session=True,
            )
            while process.poll() is None:
                if self._has(TAKEN):
                    process.kill()
                now = time.monotonic()
                if now - self._logged_at > GREW_SECONDS:
                    sizes = [
                        _size(os.path.join(self._folder, name)) for name in (*GROWING, EXECUTED)
                    ]
                    if sizes != self._sizes:
                        self._sizes, self._logged_at = sizes, now
                        self._log_event("grew")
                if not self._has_seceded and now - self._looked_at > NEIGHBOUR_SECONDS:
                    self._looked_at = now
                    self._make_room(process.pid)
                time.sleep(LOOK_SECONDS)
            if os.path.lexists(os.path.join(self._folder, RESULT)):
                return None
            output_file.seek(0)
            said = output_file.read()[-4096:].decode("utf-8", "replace").strip().splitlines()
        if process.returncode < 0:
            return because("supervisor-killed-by-signal", signal=-process.returncode)
        if said:
            return because("runner-silent-after", exit_code=process.returncode, last=said[-1])
        return because("runner-silent", exit_code=process.returncode)

    def _make_room(self, pid: int) -> None:
        """Free this worker's thread if the work is itself a client of this cluster.

        Such work waits for tasks, which then need a thread. Without this, several of them could
        block the cluster.
        """
        import psutil  # distributed requires it
        from distributed import secede

        port = self._scheduler.rpartition(":")[2].rstrip("/")
        if not port.isdecimal():
            return
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(pid).children(recursive=True):
                remote = [
                    connection.raddr
                    for connection in process.net_connections("tcp")
                    if connection.raddr
                ]
                if int(port) in [address.port for address in remote]:
                    self._has_seceded = True
                    secede()
                    return

    def _environment(self) -> dict[str, str]:
        variables = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        here = os.path.dirname(sys.executable)
        # The work finds the programs of the worker's environment, even if that is not activated.
        variables["PATH"] = os.pathsep.join([here, variables.get("PATH", os.defpath)])
        variables |= self._job["environment"] | {"NBYARD_DASK_WORKER": self._worker.address}
        if not self._scheduler.startswith("inproc:"):
            variables["NBYARD_DASK_ADDRESS"] = self._scheduler
        security = self._worker.security
        tls = {
            "CA_FILE": security.tls_ca_file,
            "CLIENT__CERT": security.tls_worker_cert,
            "CLIENT__KEY": security.tls_worker_key,
        }
        return variables | {f"DASK_DISTRIBUTED__COMM__TLS__{k}": v for k, v in tls.items() if v}


def _size(path: str) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        file_stat = os.stat(path)
        return (file_stat.st_size, file_stat.st_mtime_ns)
    return (0, 0)


def linger(seconds: float) -> None:
    """Keep the worker for some seconds without occupying a thread.

    The scheduler does not retire a worker that has a task.
    """
    from distributed import secede

    secede()
    time.sleep(seconds)


# Functions that a dispatcher calls about a place


def attempt_progress(place: str, have: dict[str, int], executed: list[int]) -> dict[str, Any]:
    """Return the state of an attempt: what was added to growing files, and its notebook if changed.

    `have` has the sizes that the dispatcher has already. `executed` is the stamp of its notebook.
    """
    folder = os.path.join(place, ATTEMPT)
    progress: dict[str, Any] = {
        "is_there": os.path.isdir(place),
        "is_filled": os.path.exists(os.path.join(place, FILLED)),
        "has_result": os.path.lexists(os.path.join(folder, RESULT)),
        "pieces": {},
        "executed": None,
    }
    for name in GROWING:
        wanted = [{"path": name, "offset": have.get(name, 0), "size": PIECE_BYTES}]
        (progress["pieces"][name],) = read_files(folder, wanted)
    stamp = list(_size(os.path.join(folder, EXECUTED)))
    if stamp != executed and 0 < stamp[0] <= PIECE_BYTES:
        wanted = [{"path": EXECUTED, "offset": 0, "size": PIECE_BYTES}]
        progress["executed"] = (stamp, *read_files(folder, wanted))
    return progress


def packages(program: str, known: list[str]) -> tuple[str, str]:
    """Return a stamp of this worker's packages, and the output of `program`, which lists them.

    The output is empty if the stamp is in `known`.

    Raises:
        CalledProcessError: The program failed or was killed.
    """
    # Installing or removing a package changes one of these folders.
    folders = [path for path in sys.path if os.path.isdir(path) and path != os.getcwd()]
    stamp = repr([THIS, *((path, os.stat(path).st_mtime_ns) for path in folders)])
    if stamp in known:
        return stamp, ""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return stamp, done.stdout


def fill(place: str, entries: list[Entry]) -> None:
    """Store some of the attempt's files. An empty list marks the end of the transfer."""
    # A sign of life for `_wait_for_files`: writing into subfolders does not change this time.
    os.utime(place)
    write_entries(os.path.join(place, ATTEMPT), entries)
    if not entries:
        put(place, FILLED)


def store_secrets(place: str, entries: list[Entry]) -> None:
    """Store the attempt's secrets in a folder in memory, and link to it from the attempt folder."""
    _remove_secrets(place)
    target = f"{_secrets_prefix()}{os.getpid()}-{os.path.basename(place)}"
    os.mkdir(target, 0o700)
    write_entries(target, entries)
    os.symlink(target, os.path.join(place, ATTEMPT, SECRETS))


def _remove_secrets(place: str) -> None:
    if os.path.islink(link := os.path.join(place, ATTEMPT, SECRETS)):
        shutil.rmtree(os.readlink(link), ignore_errors=True)
        os.unlink(link)


def _secrets_prefix() -> str:
    """Return the prefix of folders for secrets of workers whose processes this one can see."""
    seen = os.path.exists(PROCESSES) and os.stat(PROCESSES).st_ino
    return f"{MEMORY}/nbyard-worker-{int(seen)}-"


def sweep() -> None:
    """Remove secrets of workers that were killed."""
    import psutil

    for path in glob.glob(f"{_secrets_prefix()}*"):
        pid = path.removeprefix(_secrets_prefix()).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def put(place: str, name: str, content: bytes = b"") -> None:
    """Write a file into the place atomically. Do nothing if the place was deleted."""
    path = os.path.join(place, name)
    with contextlib.suppress(FileNotFoundError):
        with open(f"{path}.tmp", "wb") as file:
            file.write(content)
        os.replace(f"{path}.tmp", path)


def cancel(place: str, reason: str) -> None:
    """Request the end of the work with the file `cancel`, which the runner obeys."""
    put(os.path.join(place, ATTEMPT), "cancel", reason.encode())


def end(places: list[str]) -> None:
    """Mark places as no longer needed, so that `run` cleans them up."""
    for place in places:
        # A request never marks a folder that `run` has not created.
        if os.path.basename(place).startswith("nbyard-"):
            put(place, TAKEN)


def outputs(place: str, names: list[str]) -> list[Entry]:
    """Return the entries of these files and folders of the attempt, at any depth."""
    return list_entries(os.path.join(place, ATTEMPT), names)


def others(place: str, folder: str, limits: dict[str, Any]) -> list[Entry]:
    """Return the files in a folder of the attempt that the work created or changed."""
    since = os.stat(os.path.join(place, FILLED)).st_ctime_ns
    return changed_files(os.path.join(place, ATTEMPT), folder, since, **limits)


def take(place: str, wanted: list[Entry]) -> list[bytes]:
    """Return the bytes of these pieces of the attempt's files."""
    return read_files(os.path.join(place, ATTEMPT), wanted)
