"""How programs such as systemd and cron start the dispatcher: program, variables and log."""

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from nbyard.errors import Invalid
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
