"""The unit's file: where it is, who wrote it, and whether systemd uses it."""

import os
import pwd
from pathlib import Path
from typing import Literal

import msgspec

from nbyard.errors import Conflict
from nbyard.host.project_files import write_whole
from nbyard.host.user_unit.unit_text import store_of

NAME = "nbyard.service"
WANTS = "default.target.wants"
LINGER = Path("/var/lib/systemd/linger")


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
    check_ours(store, force)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return True


def remove() -> None:
    """Delete the unit's file and the link that enables it."""
    path = unit_path()
    for each in (path.parent / WANTS / NAME, path):
        each.unlink(missing_ok=True)


def check_ours(store: Path, force: bool) -> None:
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
