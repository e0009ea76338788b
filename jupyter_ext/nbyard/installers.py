"""pip and uv: the one place that calls them. What they say goes to a file as they say it."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path

from nbyard.domain.environments import LockedPackage
from nbyard.domain.requirements import hashes_of, name_of
from nbyard.errors import Invalid, Unavailable

# what the kernel of an environment needs there
KERNEL_PACKAGES = ("ipykernel>=6.29,<8",)
LOOK_SECONDS = 0.1
MAX_SECONDS = 3600.0
# that would lead to other packages, or to another interpreter
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET")
TROUBLE = re.compile(r"^\s*(ERROR|error|×|╰─▶|Caused by)[:\s]*", re.IGNORECASE)
# pip and uv would colour what goes to a file, and hide its words from who reads them
COLOURED = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS")
MAX_TOLD = 3


class Stopped(Exception):
    """The work was not wanted any more."""


class Installer:
    """Finds out what requirements come to, and installs that. `is_wanted` is asked again and
    again; once it says no, whatever runs is killed.

    Raises, from each of its methods:
        Invalid: there are no such packages, or they exclude each other; the message says which.
        Unavailable: there is neither uv nor pip.
        Stopped: it is not wanted any more.
    """

    def __init__(self, log: FileIO, is_wanted: Callable[[], bool], choice: str = "auto"):
        self._log = log
        self._is_wanted = is_wanted
        self._uv = _uv() if choice in ("auto", "uv") else ""
        if not self._uv and (choice == "uv" or not _has_pip()):
            raise Unavailable(
                "There is no uv here." if choice == "uv" else "There is neither uv nor pip here.",
                hint=f"Install one where nbyard is: {sys.executable} -m ensurepip",
            )

    def resolve(self, requirements: Sequence[str]) -> list[LockedPackage]:
        """Exact versions with the hashes of their archives, by name."""
        with tempfile.TemporaryDirectory(prefix="nby-resolve-") as folder:
            asked = Path(folder) / "requirements.txt"
            asked.write_text("".join(f"{line.partition(' --hash')[0]}\n" for line in requirements))
            found = self._resolve_uv(asked) if self._uv else self._resolve_pip(asked)
        packages = sorted(found, key=lambda package: package.name.lower())
        _check_hashes(requirements, packages)
        return packages

    def install(self, packages: Sequence[LockedPackage], folder: Path) -> None:
        """Exactly these packages in a new virtual environment."""
        lock = folder / "requirements.lock"
        python = str(folder / "bin/python")
        self._run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        lock.write_text("".join(f"{package.line}\n" for package in packages))
        exact = ["--no-deps", "--require-hashes", "-r", str(lock)]
        if self._uv:
            self._run([self._uv, "pip", "install", "--python", python, *exact])
        else:
            self._run([*_pip("--python", python), "install", *QUIET, *exact])

    def _resolve_pip(self, asked: Path) -> list[LockedPackage]:
        report = asked.with_name("report.json")
        words = ["--dry-run", "--ignore-installed", "--report", str(report), "-r", str(asked)]
        self._run([*_pip(), "install", *QUIET, *words])
        return [_reported(one) for one in json.loads(report.read_bytes())["install"]]

    def _resolve_uv(self, asked: Path) -> list[LockedPackage]:
        lock = asked.with_name("lock.txt")
        words = ["--generate-hashes", "--no-header", "--no-annotate", "--python", sys.executable]
        self._run([self._uv, "pip", "compile", "--quiet", *words, "-o", str(lock), str(asked)])
        lines = lock.read_text().replace("\\\n", " ").splitlines()
        return [_compiled(line) for line in lines if line.strip()]

    def _run(self, argv: list[str]) -> None:
        start = self._log.seek(0, os.SEEK_END)
        environment = {k: v for k, v in os.environ.items() if k not in FOREIGN + COLOURED}
        end = time.monotonic() + MAX_SECONDS
        with subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment | {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
            cwd="/",
            start_new_session=True,
        ) as process:
            try:
                while not _ended(process):
                    if not self._is_wanted():
                        raise Stopped
                    if time.monotonic() > end:
                        raise Unavailable("It took more than an hour.")
            finally:
                _kill(process)
        if process.returncode:
            raise Invalid(_trouble(Path(str(self._log.name)), start) or f"{argv[0]} failed")


QUIET = ["--no-input", "--progress-bar", "off", "--disable-pip-version-check"]


def _pip(*options: str) -> list[str]:
    return [sys.executable, "-m", "pip", *options]


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("uv") or ""


def _has_pip() -> bool:
    import importlib.util

    return importlib.util.find_spec("pip") is not None


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LOOK_SECONDS)
    return process.returncode is not None


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """With what it started, which has its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _trouble(log: Path, start: int) -> str:
    """What went wrong, in its own words: the lines that tell of errors, else the last one."""
    with log.open("rb") as handle:
        handle.seek(start)
        lines = handle.read().decode("utf-8", "replace").splitlines()
    told: list[str] = []
    goes_on = False
    for line in lines:
        begins = TROUBLE.match(line) is not None
        goes_on = begins or (goes_on and line.startswith(" "))
        if begins:
            told.append(TROUBLE.sub("", line).strip())
        elif goes_on:
            told[-1] += f" {line.strip()}"
    last = [line.strip() for line in lines if line.strip()][-1:]
    return "; ".join(list(dict.fromkeys(filter(None, told)))[:MAX_TOLD] or last)


def _reported(one: dict[str, object]) -> LockedPackage:
    """From pip's installation report (version 1)."""
    metadata, download = one["metadata"], one["download_info"]
    assert isinstance(metadata, dict) and isinstance(download, dict)
    hashes = download.get("archive_info", {}).get("hashes", {})
    texts = tuple(f"{kind}:{digest}" for kind, digest in sorted(hashes.items()))
    return LockedPackage(metadata["name"], metadata["version"], texts)


def _compiled(line: str) -> LockedPackage:
    name, _, version = line.partition(" --hash")[0].partition(";")[0].strip().partition("==")
    return LockedPackage(name, version, hashes_of(line))


def _check_hashes(requirements: Sequence[str], packages: Sequence[LockedPackage]) -> None:
    found = {name_of(package.name): package for package in packages}
    for line in requirements:
        wanted, package = hashes_of(line), found.get(name_of(line))
        if wanted and package and not set(wanted) & set(package.hashes):
            raise Invalid(
                f"{package.name} {package.version} has none of the hashes that are asked for",
                hint="Correct its hash, or leave it out.",
            )
