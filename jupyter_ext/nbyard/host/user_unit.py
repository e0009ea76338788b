"""The systemd user unit that starts the dispatcher after a reboot, and calls of systemctl."""

import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from nbyard.errors import Conflict, Invalid, Unavailable
from nbyard.host.project_files import write_whole
from nbyard.settings import Settings

# Tasks need these as in the shell. Login sessions set them, but a service manager does not.
SESSION = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_PATH",
    "XDG_DATA_HOME",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
)
# Rather too strict: a password may contain any character, and the user of an http URL is often a
# token. Other URLs, such as those of ssh, need a user without a secret.
SECRET = re.compile(
    r"https?://[^/\s]*@|://[^/\s]*:.*@|[?&]\w*(password|passwd|token|secret)\w*=", re.IGNORECASE
)
OPTION = "environment-file"
HEAD = """\
# `nbyard service install` wrote this file. It replaces an edited file only with --force.
# Store: {store}
# Digest of the lines below: {digest}
"""
HEADER = re.compile(
    r"#.*\n# Store: (?P<store>.*)\n# Digest of the lines below: (?P<digest>[0-9a-f]{64})\n"
)
BODY = """\
[Unit]
Description=nbyard dispatcher: starts due runs of automations
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory=/
{variables}
ExecStart={command}
StandardOutput=append:{log}
StandardError=inherit
# Exit code 0: the dispatcher has no work, or another dispatcher serves the store.
Restart=on-failure
RestartSec=10
# Running tasks continue when the dispatcher stops, or when one of them needs too much memory.
KillMode=process
OOMPolicy=continue

[Install]
WantedBy=default.target
"""
NAME = "nbyard.service"
WANTS = "default.target.wants"
LINGER = Path("/var/lib/systemd/linger")
SECONDS = 60.0
PROGRAM = "systemctl"


@dataclass(frozen=True)
class DispatcherStart:
    """How to start the dispatcher of a store.

    `environment_file` is a file with further variables, which may be secrets.
    """

    python: str
    store: Path
    variables: dict[str, str]
    environment_file: Path | None = None

    @property
    def log(self) -> Path:
        return self.store / "dispatcher.log"

    @classmethod
    def of_this_process(
        cls, settings: Settings, environment_file: Path | None = None
    ) -> "DispatcherStart":
        """Return how to start a dispatcher with this process's settings and session variables.

        Settings with default values are left out: a later nbyard may have better defaults.

        Raises:
            Invalid: A value has a secret or control characters, or other users may read the file.
        """
        known = settings.environment()
        names = [f"NBYARD_{name.upper()}" for name in ("store_dir", *sorted(settings.given))]
        variables = {name: known[name] for name in names}
        variables |= {name: os.environ[name] for name in SESSION if os.environ.get(name)}
        if environment_file is not None:
            environment_file = environment_file.expanduser().absolute()
            for name in names_in(environment_file):
                variables.pop(name, None)
            _check_printable(OPTION, str(environment_file))
        for name, value in variables.items():
            _check_printable(name, value)
            if SECRET.search(value):
                hint = (
                    f"Write a line {name}='…' to a file with mode 600, and pass the file with"
                    " --environment-file."
                )
                raise Invalid.field(
                    name, "contains a password or token, which must not be in a unit", hint=hint
                )
        # The path of a virtual environment's link, because its target knows no packages.
        return cls(sys.executable, settings.store_path, variables, environment_file)


def names_in(path: Path) -> list[str]:
    """Return the names of the variables in an environment file.

    Raises:
        Invalid: The file is missing, or other users may read or change it.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            file_stat = os.fstat(descriptor)
            if not stat.S_ISREG(file_stat.st_mode):
                raise Invalid.field(OPTION, f"{path} is not a regular file")
            if file_stat.st_uid != os.getuid() or file_stat.st_mode & 0o077:
                why = f"{path} must belong to you, and other users may not have access to it"
                raise Invalid.field(OPTION, why, hint=f"chmod 600 {path}")
            lines = file.read().splitlines()
    except OSError as error:
        why = f"{path}: {os.strerror(error.errno or 0)}"
        raise Invalid.field(OPTION, why) from None
    return [line.partition("=")[0].strip() for line in lines if "=" in line]


def _check_printable(name: str, value: str) -> None:
    # Line breaks would start another line of the unit.
    if not value.isprintable():
        raise Invalid.field(name, "contains line breaks or other control characters")


def unit_text(start: DispatcherStart) -> str:
    """Return the text of the unit."""
    variables = [f"Environment={_quote(f'{n}={v}')}" for n, v in start.variables.items()]
    if start.environment_file is not None:
        variables.append(f"EnvironmentFile={_escape(str(start.environment_file))}")
    body = BODY.format(
        variables="\n".join(variables),
        # In commands, systemd also replaces variables.
        command=f"{_quote(start.python).replace('$', '$$')} -m nbyard.dispatch",
        log=_escape(str(start.log)),
    )
    return HEAD.format(store=start.store, digest=_digest(body)) + body


def store_of(text: str) -> str | None:
    """Return the store in a unit's text, None if somebody edited the text."""
    head = HEADER.match(text)
    if head is None or head["digest"] != _digest(text[head.end() :]):
        return None
    return head["store"]


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _escape(text: str) -> str:
    """Return a text with systemd's specifiers, such as %h, escaped."""
    return text.replace("%", "%%")


def _quote(text: str) -> str:
    escaped = _escape(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class UnitFile(msgspec.Struct, frozen=True):
    """The state of the unit's file.

    `lingers` states whether the unit starts at boot, not only after the user signs in.
    """

    path: str
    state: Literal["missing", "installed", "edited", "other-store"]
    store: str = ""
    is_enabled: bool = False
    lingers: bool = False


def unit_path() -> Path:
    """Return the path of the unit's file, below XDG_CONFIG_HOME."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification ignores relative paths.
    folder = Path(configured) if os.path.isabs(configured) else Path.home() / ".config"
    return folder / "systemd" / "user" / NAME


def unit_state(store: Path) -> UnitFile:
    """Return the state of the unit's file for this store."""
    path = unit_path()
    text = _text(path)
    if text is None:
        return UnitFile(str(path), "missing")
    owner = store_of(text)
    is_enabled = os.path.lexists(path.parent / WANTS / NAME)
    if owner is None:
        return UnitFile(str(path), "edited", is_enabled=is_enabled, lingers=lingers())
    state: Literal["installed", "other-store"] = (
        "installed" if owner == str(store) else "other-store"
    )
    return UnitFile(str(path), state, owner, is_enabled, lingers())


def write(text: str, store: Path, force: bool) -> bool:
    """Write the unit's file. Return whether its text has changed.

    Raises:
        Conflict: Somebody edited the file, or it is for another store. `force` replaces it anyway.
    """
    path = unit_path()
    if _text(path) == text:
        return False
    check_owned(store, force)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return True


def remove() -> None:
    """Delete the unit's file and the link that enables it."""
    path = unit_path()
    for each in (path.parent / WANTS / NAME, path):
        each.unlink(missing_ok=True)


def check_owned(store: Path, force: bool) -> None:
    """Check that the unit's file is missing, or that nbyard wrote it for this store.

    Raises:
        Conflict: Somebody edited the file, or it is for another store.
    """
    unit = unit_state(store)
    if force or unit.state in ("missing", "installed"):
        return
    why = f"{unit.path} was edited by hand."
    if unit.state == "other-store":
        why = f"{unit.path} is the unit of the store {unit.store}."
    raise Conflict(why, hint="Use --force to replace or delete the unit.")


def user_name() -> str:
    """Return the name of this user, or the user's ID if the machine knows no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def linger_hint() -> str:
    """Return the command with which the unit starts at boot."""
    return (
        "The unit starts when you sign in. To start it at boot: loginctl enable-linger"
        f" {user_name()}"
    )


def lingers() -> bool:
    """Return whether systemd starts this user's units at boot."""
    return (LINGER / user_name()).exists()


def _text(path: Path) -> str | None:
    """Return the text of a file, None if it is missing, "" if it cannot be read."""
    try:
        return path.read_text("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        # An unreadable file counts as edited, so it is not overwritten.
        return ""


def systemctl(*arguments: str) -> str:
    """Return the output of `systemctl --user` with these arguments.

    Raises:
        Unavailable: systemd is missing, does not respond, or refuses.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise Unavailable("This machine has no systemctl.")
    try:
        done = subprocess.run(
            [program, "--user", *arguments],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(_failure(arguments, f"no answer in {SECONDS:g} s")) from None
    except OSError as error:
        raise Unavailable(_failure(arguments, os.strerror(error.errno or 0))) from None
    if done.returncode:
        ended = f"exit code {done.returncode}"
        raise Unavailable(_failure(arguments, done.stderr.strip() or ended))
    return done.stdout.strip()


def _failure(arguments: tuple[str, ...], cause: str) -> str:
    return f"systemctl --user {' '.join(arguments)} failed: {cause}"


def check_session() -> None:
    """Check that the user's service manager responds.

    Raises:
        Unavailable: systemd is missing, or has no manager for this user here.
    """
    systemctl("show", "--property=Version")


def active_state(unit: str) -> str:
    """Return systemd's state of a unit, such as "active". Return "" without systemd."""
    try:
        return systemctl("show", "--property=ActiveState", "--value", unit)
    except Unavailable:
        return ""
