"""The attempt folder as the runner uses it: its task, its events and its result."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

from .reasons import Reason, because

# Matches in `{attempt}/inputs/a.csv` but not in `{attempt}s`, which is a text of the user.
PLACEHOLDER = re.compile(r"\{attempt\}(?=/|\Z)")
# Also matches in `--table={attempt}/inputs/a.csv`. The one below matches inside a longer text, such
# as `cat {attempt}/inputs/a.csv`, and leaves `{{attempt}/inputs/a.csv` as it is.
OPTION_PLACEHOLDER = re.compile(r"(?P<option>[^={}/]*=)?\{attempt\}(?=/|\Z)")
INNER_PLACEHOLDER = re.compile(r"(?<!\{)\{attempt\}(?=/(?:code|inputs|outputs)/)")
# The dispatcher adds a brace to such texts of users, so that they are no placeholders.
LITERAL = re.compile(r"\{(\{+attempt)")
CODE = "code"
MAX_CANCEL_CHARS = 4096


def expand_attempt_path(word: str, path: str) -> str:
    """Replace the placeholder `{attempt}` in a word of a command by the folder's path.

    The placeholder counts at the start of a word, after the `=` of `--name={attempt}/…`, and before
    `/code/`, `/inputs/` and `/outputs/`. `{{attempt}` stands for the text `{attempt}`.
    """
    match = OPTION_PLACEHOLDER.match(word)
    lead = (match["option"] or "") + path if match else ""
    return lead + _inner(word[match.end() :] if match else word, path)


def _inner(text: str, path: str) -> str:
    return LITERAL.sub(r"\1", INNER_PLACEHOLDER.sub(lambda _: path, text))


def as_json(value: dict[str, Any]) -> bytes:
    """Encode a JSON object.

    Surrogates, as in file names that are not UTF-8, become `?`: strict parsers reject them.
    """
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class BadTask(Exception):
    """task.json is missing or invalid."""


class AttemptFolder:
    """The paths of an attempt folder, and access to its files.

    Only the supervisor appends to the event stream and the log. `path` is the folder's path in this
    process, and `seen` the path at which the work sees it, if that differs. `has_distributions`
    states whether the code in the folder may contain installed Python packages.
    """

    has_distributions = True

    def __init__(self, path: str, seen: str = "") -> None:
        self.path = os.path.realpath(path)
        self.seen = seen or self.path
        self._seq = 0

    def at(self, *names: str) -> str:
        """Return the path of a file in the folder."""
        return os.path.join(self.path, *names)

    def has(self, name: str) -> bool:
        """Return whether a file exists in the folder, even as a broken link."""
        return os.path.lexists(self.at(name))

    def task(self) -> dict[str, Any]:
        """Return the contents of task.json.

        Raises:
            BadTask: the file is missing, or is not valid.
        """
        try:
            with open(self.at("task.json"), encoding="utf-8") as file:
                task = json.load(file)
            if task["version"] != 1:
                raise BadTask(f"task.json is of version {task['version']!r}, not 1")
            for key in ("attempt_id", "token", "mark"):
                if not isinstance(task[key], str):
                    raise BadTask(f"task.json: {key} is not text")
            if task["work"]["kind"] not in ("notebook", "command", "function", "functions"):
                raise BadTask(f"task.json: unknown work {task['work']['kind']!r}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadTask(f"task.json: {type(error).__name__}: {error}") from error
        return dict(task)

    def inside(self, relative: str) -> str:
        """Return the absolute path for a path relative to the attempt folder.

        Raises:
            BadTask: The path leaves the attempt folder.
        """
        path = os.path.normpath(self.at(relative))
        if path != self.path and not path.startswith(self.path + os.sep):
            raise BadTask(f"{relative!r} leaves the attempt's folder")
        return path

    def expand(self, value: Any) -> Any:
        """Replace `{attempt}` at the start of paths by the folder, also in nested values."""
        if isinstance(value, str):
            match = PLACEHOLDER.match(value)
            rest = LITERAL.sub(r"\1", value[match.end() :] if match else value)
            return self.path + rest if match else rest
        if isinstance(value, list):
            return [self.expand(item) for item in value]
        if isinstance(value, dict):
            return {LITERAL.sub(r"\1", key): self.expand(item) for key, item in value.items()}
        return value

    def expand_word(self, word: str) -> str:
        """Replace the placeholder `{attempt}` in a word by the path of this folder."""
        return expand_attempt_path(word, self.path)

    def expand_paths_in_files(self, directory: str, placed: Iterable[Sequence[Any]]) -> None:
        """Replace `{attempt}` in the files of a command by the folder's path, as the work sees it.

        The dispatcher wrote these files without knowing that path. `placed` is the `files` of a
        command.
        """
        for name, source, text, _ in placed:
            if source or (written := _inner(text, self.seen)) == text:
                continue
            path = self.inside(os.path.join(directory, name))
            os.unlink(path)  # it may belong to another user
            with open(path, "x", encoding="utf-8") as file:
                file.write(written)

    def local_path(self, path: str) -> str:
        """Translate a path that the work uses to the path in this process.

        Paths outside the attempt folder stay unchanged.
        """
        is_inside = path == self.seen or path.startswith(f"{self.seen}/")
        return self.path + path[len(self.seen) :] if is_inside else path

    def write_whole(self, name: str, value: dict[str, Any]) -> None:
        """Write a JSON file atomically: readers see the whole file or none."""
        temporary = self.at(name + ".tmp")
        with open(temporary, "wb") as file:
            file.write(as_json(value))
        os.replace(temporary, self.at(name))

    def make_durable(self, name: str) -> None:
        """Flush a file to disk, so that it survives a power cut.

        Readers may read the file before this.
        """
        with contextlib.suppress(OSError):  # the file was removed already
            # The entry in the folder is flushed apart from the file's content, see fsync(2).
            for path in (self.at(name), self.path):
                handle = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def cancel_reason(self) -> Reason | None:
        """Return the reason in the file `cancel`, None if there is no such file."""
        try:
            with open(self.at("cancel"), encoding="utf-8", errors="replace") as file:
                text = file.read(MAX_CANCEL_CHARS).strip()
        except OSError:
            return None
        try:
            request = json.loads(text)
            return because(str(request["code"]), **request["params"])
        except (ValueError, TypeError, KeyError):  # written by hand
            return because("text", text=text) if text else because("cancel-file")

    def touch_heartbeat(self) -> None:
        """Update the modification time of the heartbeat file."""
        path = self.at("heartbeat")
        try:
            os.utime(path)
        except FileNotFoundError:
            with open(path, "wb"):
                pass

    def event(self, event: dict[str, Any]) -> None:
        """Append an event to events.jsonl. If the disk is full, only the line is lost."""
        self._seq += 1
        line = json.dumps({"seq": self._seq, "at": time.time(), **event}) + "\n"
        try:
            with open(self.at("events.jsonl"), "a", encoding="utf-8") as file:
                file.write(line)
        except OSError:
            return

    def poke(self, wake: str, word: str) -> None:
        """Send `word` to the sockets in the folder `wake`, on which other processes wait.

        The word `.` means that the work made progress. Other words are IDs of attempts that have
        ended.
        """
        try:
            names = os.listdir(wake) if wake else []
        except OSError:
            return
        if not names:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A listener that hangs has a full queue. Its wake-up is dropped: the work must go on.
            sender.setblocking(False)
            for name in names:
                # A killed listener leaves its socket in the folder, which then refuses datagrams.
                try:
                    sender.sendto(word.encode(), os.path.join(wake, name))
                except OSError:
                    continue
