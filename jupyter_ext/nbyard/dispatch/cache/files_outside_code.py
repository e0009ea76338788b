"""Files outside the code folder: find the paths that code names, and compare their states.

A cached result depends on the states of such files, so it is reused only if they are unchanged.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import ReportInbox
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.outside_files import FileState, Habits, OutsideFile, expected_state
from nbyard.domain.attempts.structs import Observed, Result
from nbyard.domain.caching.absolute_paths import absolute_paths, names_outside, path_texts_in
from nbyard.domain.caching.explanation import change_of
from nbyard.domain.caching.file_probes import MAPPED, TESTS, Probes
from nbyard.domain.caching.probed_names import texts_of
from nbyard.domain.digest import canonical_text
from nbyard.domain.executables.structs import ExecutableVersion, is_python
from nbyard.domain.inspection.functions import split_function_path
from nbyard.errors import NbyardError, Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.runner.process.path_states import digests_at, state_of
from nbyard.runtimes.protocol import KnowsPaths
from nbyard.store.runs.artifacts_and_cache import Hit

# what a bundle may contain beside data: code and settings
SCANNED = (
    *("", ".bash", ".cfg", ".conf", ".env", ".ini", ".ipynb", ".jl", ".json", ".lua", ".py", ".r"),
    *(".rmd", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml"),
)
CODE = (".ipynb", ".py", ".sh")
MOST_SCANNED = 200
# Notebooks contain their outputs, so code has a larger limit than settings.
MOST_CODE_BYTES, MOST_SETTINGS_BYTES = 16 << 20, 1 << 16
MOST_PATHS = 200
MOST_DIGESTED_BYTES = 16 << 20
MOST_BYTES_AT_END = 64 << 20
REMEMBERED = 5_000
NONE: Mapping[str, Any] = MappingProxyType({})
POOL = "outside"
UNKNOWN = because("outside-unknown")
Files = Mapping[str, str]


class OutsideFiles:
    """Finds the outside paths that code names, and compares the files there with earlier states.

    Names and digests are cached in memory. Threads look at files, because that may be slow.
    """

    def __init__(self, context: DispatchContext) -> None:
        self._context = context
        self._texts: dict[tuple[str, ...], list[str]] = {}
        self._named: dict[str, list[str]] = {}
        self._digests: dict[tuple[str, FileState], str] = {}

    def named_paths(
        self,
        version: ExecutableVersion,
        files: Files,
        values: Mapping[str, Any],
        read: Collection[str] | None = None,
    ) -> list[str]:
        """Return the absolute paths that the code of a task names.

        They are in its own file, its command, its `values` and the files that it `read`. Without
        `read`, all files of the bundle count, its notebooks last.
        """
        given = values if names_outside(values.values()) else {}
        same = version.id if read is None and not given else ""
        if (known := self._named.get(same)) is not None:
            return known
        command = canonical_text([version.command, version.invocation])
        own = split_function_path(version.file).file
        texts = [
            *self._names_in(own, version.content_digest, given, is_own=is_python(version.language))
        ]
        texts += [*texts_of(dict(given)), *path_texts_in("", command.encode("utf-8", "replace"))]
        beside = [
            name
            for name in (files if read is None else read)
            if name in files and os.path.splitext(name)[1].lower() in SCANNED
        ]
        beside.sort(key=lambda name: (name.endswith(".ipynb"), name.count("/"), name))
        for name in beside[:MOST_SCANNED]:
            texts += self._names_in(name, files[name].partition(" ")[0])
        own_folder = f"{self._context.folder}/"
        paths = absolute_paths(texts, os.path.expanduser("~"))
        named = [path for path in paths if not f"{path}/".startswith(own_folder)][:MOST_PATHS]
        if same:
            if len(self._named) >= REMEMBERED:
                self._named.clear()
            self._named[same] = named
        return named

    def _names_in(
        self, name: str, digest: str, given: Mapping[str, Any] = NONE, *, is_own: bool = False
    ) -> list[str]:
        same = (name, digest, canonical_text(dict(given)) if given else "", str(is_own))
        known = self._texts.get(same)
        if known is None:
            is_code = is_own or name.lower().endswith(CODE)
            try:
                with self._context.blobs.open(digest) as handle:
                    content = handle.read(MOST_CODE_BYTES if is_code else MOST_SETTINGS_BYTES)
            except (NbyardError, OSError):  # such as a folder with a model
                content = b""
            known = path_texts_in(name, content, given, is_own=is_own)
            if len(self._texts) >= REMEMBERED:
                self._texts.clear()
            self._texts[same] = known
        return known

    def with_outside_states(
        self,
        result: Result,
        version: ExecutableVersion,
        files: Files,
        values: Mapping[str, Any],
        probes: Callable[[Observed], Sequence[Probes]],
    ) -> Result:
        """Return the result with the outside states it depends on.

        Of the paths that the task used, those count that the code names. The list of all uses is
        removed from the result.
        """
        observed = result.observed
        if observed is None or not result.outside:
            return result
        read = None if observed.problem else observed.read
        named = tuple(self.named_paths(version, files, values, read))
        known = probes(observed)
        tests = any(TESTS.search(probe.text) for probe in known)
        computes = tests and any(probe.is_open for probe in known)
        habits = Habits(
            maps=any(MAPPED.search(probe.text) for probe in known),
            asks=any(probe.asks_sizes for probe in known),
            computes=computes,
            appends=any(probe.appends for probe in known),
        )
        states: dict[str, OutsideFile] = {}
        for path, use in result.outside.items():
            # Below a named path, files that were read count, and folders whose files may matter.
            is_seen = use.reads or (use.start.kind == "folder" and (habits.asks or computes))
            if path in named or (is_seen and path.startswith(named)):
                tests_it = msgspec.structs.replace(habits, tests=tests and path in named)
                state = expected_state(use, tests_it)
                states |= {path: state} if state else {}
        return msgspec.structs.replace(
            result, observed=msgspec.structs.replace(observed, outside=states), outside={}
        )

    def with_digests(self, result: Result) -> Result:
        """Return the result with digests of the outside files it read.

        The files are on this machine. Large files get no digest.
        """
        if result.observed is None:
            return result
        outside, left = dict(result.observed.outside), MOST_BYTES_AT_END
        for path, outside_file in result.observed.outside.items():
            state, most = outside_file.state, min(left, MOST_DIGESTED_BYTES)
            if outside_file.is_read and state.kind == "file" and state.size <= most:
                left -= state.size
                digest = self.digest_of(path, state)
                outside[path] = msgspec.structs.replace(outside_file, digest=digest)
        observed = msgspec.structs.replace(result.observed, outside=outside)
        return msgspec.structs.replace(result, observed=observed)

    def changes(self, outside: Mapping[str, OutsideFile], runtime: str) -> Iterator[Reason]:
        """Yield a reason for each outside file that has changed.

        `outside` holds the states that the result expects. A runtime that knows paths is asked for
        the states on its machines.
        """
        elsewhere = self._context.runtimes.get(runtime)
        machines = None
        if isinstance(elsewhere, KnowsPaths):
            try:
                machines = elsewhere.path_states([*outside])
            except Unavailable:
                yield UNKNOWN
                return
        for path, old in outside.items():
            if machines is None:
                now = msgspec.convert(state_of(path), FileState)
                seen = [(now, partial(self.digest_of, path, now, has_entries=old.has_entries))]
            else:
                there = (states[path] for states in machines)
                seen = [
                    (
                        msgspec.convert(plain_state, FileState),
                        partial(str, entries if old.has_entries else names),
                    )
                    for plain_state, names, entries in there
                ]
            changes = (change_of(path, old, now, digest) for now, digest in seen)
            if change := next(filter(None, changes), None):
                yield change

    def digest_of(self, path: str, state: FileState, *, has_entries: bool = False) -> str:
        """Return the digest of a file in that state, or of the names or entries in a folder.

        It is empty for a large file, and for one that changed or cannot be read.
        """
        if state.kind in ("folder", "missing"):
            names, entries = digests_at(path, [state.kind])
            return entries if has_entries else names
        if state.size > MOST_DIGESTED_BYTES:
            return ""
        known = self._digests.get((path, state))
        if known is None:
            try:
                with open(path, "rb", opener=_open_without_waiting) as file:
                    known = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                return ""
            # The file changed while it was read, so the digest may belong to no state.
            if msgspec.convert(state_of(path), FileState) != state:
                return ""
            if len(self._digests) >= REMEMBERED:
                self._digests.clear()
            self._digests[path, state] = known
        return known


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file without waiting, as it may be a pipe by now."""
    return os.open(path, flags | os.O_NONBLOCK)


class Comparisons:
    """Compares the outside files of cached results with their present states, in threads.

    A file system may be slow or hang, so the loop only collects the changes. The threads are not
    those that start work.
    """

    def __init__(self, files: OutsideFiles, threads: Threads, inbox: ReportInbox) -> None:
        self._files = files
        self._threads = threads
        self._inbox = inbox
        self._under_way: set[str] = set()
        self._changes: dict[str, tuple[str, Sequence[Reason]]] = {}

    def is_under_way(self, task_id: str) -> bool:
        """Return whether a thread compares for this task."""
        return task_id in self._under_way

    def changes(self, task_id: str, hit: Hit, runtime: str) -> Sequence[Reason] | None:
        """Return why a result is not reused; None while comparing.

        There is one reason for each changed file. A thread compares, then wakes the loop, which
        asks again. `UNKNOWN` is the only reason if no thread could compare the files.
        """
        if not hit.outside:
            return ()
        of, reasons = self._changes.pop(task_id, ("", ()))
        # Meanwhile another result may have been found, whose files were not compared.
        if of == hit.task_id:
            return reasons
        # Before the thread starts, because `settle` may run at once.
        self._under_way.add(task_id)

        def compare() -> list[Reason]:
            return list(self._files.changes(hit.outside_files(), runtime))

        def settle(changes: list[Reason] | None) -> None:
            # an error was logged; without a comparison the task must run
            if task_id in self._under_way:
                self._changes[task_id] = hit.task_id, [UNKNOWN] if changes is None else changes
                self._under_way.discard(task_id)
            self._inbox.put(None)

        if self._threads.submit(f"compare for {task_id}", compare, then=settle, runtime=POOL):
            return None
        self._under_way.discard(task_id)
        return (UNKNOWN,)

    def forget(self, task_id: str) -> None:
        """Forget a task that has left the queue."""
        self._changes.pop(task_id, None)
        self._under_way.discard(task_id)
