"""Calls pip and uv, with the configuration of pip. No other module does so.

Their output goes to a log file.
"""

import configparser
import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from io import FileIO
from itertools import filterfalse
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from msgspec.structs import replace
from packaging.requirements import Requirement

from nbyard.domain.environments.requirements import (
    address_of,
    folder_of,
    hashes_of,
    is_named,
    is_option,
    name_of,
    wants_git,
)
from nbyard.domain.environments.structs import LockedPackage
from nbyard.errors import Invalid, Unavailable
from nbyard.reasons.structs import Reason, because

# If one of these is set, uv already knows where packages come from.
OWN = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    *("UV_FIND_LINKS", "UV_NO_INDEX"),
)
OWN_OF_FILE = frozenset(name.removeprefix("UV_").lower().replace("_", "-") for name in OWN)
SYSTEM = "/etc"
YES = ("1", "true", "yes", "on", "y", "t")
_PLACES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
}
_NAMES = {
    **_PLACES,
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
# The packages that the kernel of an environment needs.
KERNEL_PACKAGES = ("ipykernel>=6.29,<8",)
LOOK_SECONDS = 0.1
MAX_SECONDS = 3600.0
# These variables would select other packages or another interpreter.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET")
# Package builds run foreign code. Our settings and keys stay hidden from it.
OURS = "NBYARD_"
# Such as `ERROR: No matching distribution found for x` of pip, or `  × No solution found` of uv.
MISSING = re.compile(r"Could\s+not\s+find\s+a\s+version")
MISSING_AGAIN = re.compile(r"No\s+matching\s+distribution")
TROUBLE = re.compile(r"^\s*(ERROR|error|×|╰─▶|Caused by)[:\s]*", re.IGNORECASE)
# pip and uv would colour the log, and the colour codes would break its parsing.
COLOURED = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS")
MAX_TOLD = 3


def for_uv(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add for uv, from the variables and the configuration files of pip.

    What uv's own variables or files configure is not changed. With several indexes, uv is set to
    choose the best version of all of them, as pip does.
    """
    options = _configured(variables)
    if any(variables.get(name) for name in OWN) or _names_index(variables):
        options = {option: text for option, text in options.items() if option not in _PLACES}
    uv_variables: dict[str, str] = {}
    for option, text in options.items():
        match option:
            case "extra-index-url" | "trusted-host":
                uv_variables[_NAMES[option]] = " ".join(text.split())
            case "find-links":
                uv_variables[_NAMES[option]] = ",".join(text.split())
            case "no-index":
                uv_variables[_NAMES[option]] = "1" if text.strip().lower() in YES else ""
            case _ if option in _NAMES:
                uv_variables[_NAMES[option]] = text.strip()
    if "UV_INDEX" in uv_variables:
        uv_variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: text for name, text in uv_variables.items() if text and name not in variables}


def _configured(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the configured options of `pip install` by name. Variables override files."""
    options: dict[str, str] = {}
    files: list[configparser.RawConfigParser] = []
    for path in _files(variables):
        parser = configparser.RawConfigParser()
        # pip reports the errors itself
        with contextlib.suppress(OSError, UnicodeDecodeError, configparser.Error):
            parser.read(path, encoding="utf-8")
            files.append(parser)
    # In pip, [install] overrides [global], whichever file has it.
    for section in ("global", "install"):
        for parsed in files:
            if parsed.has_section(section):
                options |= {
                    key.replace("_", "-"): text for key, text in parsed.items(section) if text
                }
    own = {
        name.removeprefix("PIP_").lower().replace("_", "-"): text
        for name, text in variables.items()
        if name.startswith("PIP_") and text
    }
    return options | own


def _files(variables: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's configuration files. Later files override earlier ones.

    PIP_CONFIG_FILE replaces the user's file. With `os.devnull`, no file is read.
    """
    named = variables.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    for folder in variables.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
        yield Path(folder) / "pip/pip.conf"
    yield Path(SYSTEM) / "pip.conf"
    if not (named and Path(named).exists()):
        yield Path.home() / ".pip/pip.conf"
        yield _home(variables) / "pip/pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if named:
        yield Path(named)


def _home(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _names_index(variables: Mapping[str, str]) -> bool:
    """Return whether a configuration file of uv sets the package indexes."""
    if variables.get("UV_NO_CONFIG"):
        return False
    named = variables.get("UV_CONFIG_FILE")
    places = (
        [Path(named)] if named else [_home(variables) / "uv/uv.toml", Path(SYSTEM) / "uv/uv.toml"]
    )
    for path in places:
        try:
            config = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        own = config.get("pip", {})
        if {*config, *(own if isinstance(own, dict) else ())} & {*OWN_OF_FILE, "index"}:
            return True
    return False


class InstallationStopped(Exception):
    """The caller no longer wants the installation."""


class InstallFailed(Invalid):
    """The installer failed or was killed."""

    def __init__(self, reason: Reason):
        super().__init__(str(reason))
        self.reason = reason


class Installer:
    """Resolves requirements and installs packages.

    `is_wanted` is polled. Once it returns False, the running process is killed.

    Raises, from each method:
        Invalid: Packages do not exist or conflict. The message names them.
        Unavailable: Neither uv nor pip is installed.
        InstallationStopped: The installation is no longer wanted.
    """

    def __init__(
        self,
        log: FileIO,
        is_wanted: Callable[[], bool],
        choice: str = "auto",
        *,
        max_seconds: float = MAX_SECONDS,
    ):
        self._max_seconds = max_seconds
        self._log = log
        self._is_wanted = is_wanted
        self.uv = find_uv() if choice in ("auto", "uv") else ""
        if not self.uv and (choice == "uv" or not importlib.util.find_spec("pip")):
            raise Unavailable(
                "uv is not installed." if choice == "uv" else "Neither uv nor pip is installed.",
                hint=(
                    "Install uv or pip in the environment of nbyard, for example:"
                    f" {sys.executable} -m ensurepip"
                ),
            )

    def resolve(self, requirements: Sequence[str]) -> list[LockedPackage]:
        """Return exact versions with the hashes of their archives, sorted by name.

        The log shows only errors of this step. `install` logs which archives are fetched.

        Raises:
            Invalid: A dependency has an address, or other hashes than the requirements state.
        """
        self._log_line("Resolving packages")
        with tempfile.TemporaryDirectory(prefix="nby-resolve-") as folder:
            asked = Path(folder) / "requirements.txt"
            # With one hash, pip would require hashes of all dependencies, too.
            _write(asked, (line.partition(" --hash")[0] for line in requirements))
            resolved_packages = self._resolve_uv(asked) if self.uv else self._resolve_pip(asked)
        packages = sorted(resolved_packages, key=lambda package: package.name.lower())
        addresses = {name_of(line): url for line in requirements if (url := address_of(line))}
        for package in packages:
            if package.url and name_of(package.name) not in addresses:
                raise Invalid(
                    f"{package.name} comes from a URL that another package requires",
                    hint=(
                        "Add the URL of its wheel to the requirements, or choose another version"
                        " of the package that requires it."
                    ),
                )
        packages = [
            replace(package, url=addresses.get(name_of(package.name), "")) for package in packages
        ]
        known = {name_of(package.name): package for package in packages}
        for line in filter(is_named, requirements):
            wanted, locked = hashes_of(line), known.get(name_of(line))
            if wanted and locked and not set(wanted) & set(locked.hashes):
                raise Invalid(
                    f"{locked.name} {locked.version} has none of the requested hashes.",
                    hint="Correct its hash, or leave it out.",
                )
        return packages

    def install(self, lock_lines: Sequence[str], folder: Path) -> None:
        """Create a virtual environment with exactly the packages in the lines of a lock."""
        lock = folder / "requirements.lock"
        python = str(folder / "bin/python")
        count = sum(not is_option(line) for line in lock_lines)
        self._log_line(f"Installing {count} packages")
        self._run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        _write(lock, filterfalse(folder_of, lock_lines))
        self._install(["--python", python], lock, "--require-hashes")
        # Folders have no hashes, so pip refuses them beside packages with hashes.
        if any(map(folder_of, lock_lines)):
            folders = folder / "folders.txt"
            _write(folders, filterfalse(is_named, lock_lines))
            self._install(["--python", python], folders)

    def _install(self, where: list[str], listed: Path, *options: str) -> None:
        """Install the packages that the file `listed` names, without their dependencies.

        Packages in folders are used in place.
        """
        # The lock names all packages, so the installer must not add others.
        exact = ["--no-deps", *options, "-r", str(listed)]
        if self.uv:
            self._run([self.uv, "pip", "install", *where, *_index_options(listed), *exact])
        else:
            self._run([*_pip(*where), "install", *QUIET, *exact])

    def _resolve_pip(self, asked: Path) -> list[LockedPackage]:
        report = asked.with_name("report.json")
        options = [
            "--quiet",
            "--dry-run",
            # Packages of nbyard's own interpreter do not count as installed.
            "--ignore-installed",
            "--report",
            str(report),
            "-r",
            str(asked),
        ]
        self._run([*_pip(), "install", *QUIET, *options])
        packages: list[LockedPackage] = []
        for entry in json.loads(report.read_bytes())["install"]:  # version 1 of the report
            name, version = entry["metadata"]["name"], entry["metadata"]["version"]
            download = entry["download_info"]
            if download.get("dir_info", {}).get("editable"):
                packages.append(LockedPackage(name, version, folder=download["url"]))
                continue
            hashes = download.get("archive_info", {}).get("hashes", {})
            place = urlsplit(str(download["url"]))
            # Before 23.1, pip reports no hash for a local file.
            if not hashes and "archive_info" in download and place.scheme == "file":
                with Path(url2pathname(place.path)).open("rb") as file:
                    hashes = {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
            texts = tuple(f"{kind}:{digest}" for kind, digest in sorted(hashes.items()))
            url = place.geturl() if entry.get("is_direct") else ""
            packages.append(LockedPackage(name, version, texts, url))
        return packages

    def _resolve_uv(self, asked: Path) -> list[LockedPackage]:
        lock = asked.with_name("lock.txt")
        options = ["--generate-hashes", "--no-header", "--no-annotate", "--python", sys.executable]
        options += [*_index_options(asked), "-o", str(lock), str(asked)]
        self._run([self.uv, "pip", "compile", "--quiet", *options])
        lines = lock.read_text().replace("\\\n", " ").splitlines()
        packages: list[LockedPackage] = []
        for line in lines:
            if line.strip() and is_named(line):
                requirement = Requirement(line.partition(" --hash")[0])
                # A source archive with an address has no version here.
                file = (requirement.url or "").rpartition("/")[2]
                version = (
                    file.split("-")[1] if file.endswith(".whl") else str(requirement.specifier)[2:]
                )
                packages.append(
                    LockedPackage(requirement.name, version, hashes_of(line), requirement.url or "")
                )
        return packages + (self._build_folders(asked) if any(map(folder_of, lines)) else [])

    def _build_folders(self, asked: Path) -> list[LockedPackage]:
        """Return the packages of projects in folders. Only a build determines their versions."""
        folders, target = asked.with_name("folders.txt"), asked.with_name("built")
        _write(folders, filterfalse(is_named, asked.read_text().splitlines()))
        self._install(["--python", sys.executable, "--target", str(target)], folders)
        distributions = metadata.distributions(path=[str(target)])
        distributions_and_urls = (
            (distribution, json.loads(distribution.read_text("direct_url.json") or "{}"))
            for distribution in distributions
        )
        return [
            LockedPackage(distribution.name, distribution.version, folder=url["url"])
            for distribution, url in distributions_and_urls
        ]

    def _log_line(self, line: str) -> None:
        self._log.seek(0, os.SEEK_END)
        self._log.write(f"{line}\n".encode())

    def _run(self, argv: list[str]) -> None:
        """Run a command to its end, with its output in the log."""
        if not self._is_wanted():
            raise InstallationStopped
        start = self._log.seek(0, os.SEEK_END)
        with subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=self._environment(),
            # `python -m` would import modules of the user from the working directory.
            cwd="/",
            start_new_session=True,
        ) as process:
            try:
                self._wait_for(process)
            finally:  # also its children, which share its session
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        # After a kill, the last line of the output would be misleading.
        if process.returncode < 0:
            number = -process.returncode
            is_sure = number != signal.SIGKILL
            code = "installer-killed" if is_sure else "installer-out-of-memory"
            raise InstallFailed(because(code, signal=number))
        if process.returncode:
            trouble = reason_in_log(Path(str(self._log.name)), start)
            raise InstallFailed(trouble or because("installer-silent", program=argv[0]))

    def _environment(self) -> dict[str, str]:
        """Return this process's variables without foreign ones, secrets and colours."""
        variables = {
            k: v
            for k, v in os.environ.items()
            if k not in FOREIGN + COLOURED and not k.startswith(OURS)
        }
        if self.uv:
            variables |= for_uv(variables)
        return variables | {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self._max_seconds
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
                return
            if not self._is_wanted():
                raise InstallationStopped
            if time.monotonic() > end:
                raise Unavailable(
                    "The installation took longer than install_timeout_seconds:"
                    f" {self._max_seconds:.12g} s."
                )


QUIET = ["--no-input", "--progress-bar", "off", "--disable-pip-version-check"]


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


def _index_options(requirements: Path) -> list[str]:
    """Return the options with which uv chooses among several indexes as pip does.

    uv uses the first index that has a package, pip the best match of all. With one index, or with
    UV_INDEX_STRATEGY set, no option is needed.
    """
    if "UV_INDEX_STRATEGY" in os.environ or "--extra-index-url " not in requirements.read_text():
        return []
    return ["--index-strategy", "unsafe-best-match"]


def _pip(*options: str) -> list[str]:
    return [sys.executable, "-m", "pip", *options]


def find_uv() -> str:
    path = Path(sys.executable).with_name("uv")
    return str(path) if os.access(path, os.X_OK) else shutil.which("uv") or ""


def reason_in_log(log: Path, start: int) -> Reason | None:
    """Return the error lines of the log after byte `start`, or its last line if there are none."""
    with log.open("rb") as handle:
        handle.seek(start)
        lines = handle.read().decode("utf-8", "replace").splitlines()
    errors: list[str] = []
    goes_on = False
    for line in lines:
        begins = TROUBLE.match(line) is not None
        goes_on = begins or (goes_on and line.startswith(" "))
        if begins:
            errors.append(TROUBLE.sub("", line).strip())
        elif goes_on:
            errors[-1] += f" {line.strip()}"
    last = [line.strip() for line in lines if line.strip()][-1:]
    # pip reports a missing package twice.
    if any(map(MISSING.match, errors)):
        errors = [error for error in errors if not MISSING_AGAIN.match(error)]
    messages = list(dict.fromkeys(filter(None, errors)))[:MAX_TOLD] or last
    code = "installer-needs-git" if wants_git("\n".join(lines)) else "installer-failed"
    return because(code, messages=messages) if messages else None
