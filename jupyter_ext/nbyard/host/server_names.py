"""Reads the servers that the user's configuration file names.

    default = "hub"

    [servers.hub]
    url = "https://hub.example.org/user/ada/"
    token_file = "~/.config/nbyard/hub.token"

The file is `nbyard/config.toml` in the user's configuration folder, or NBYARD_CONFIG.
"""

import os
import re
import stat
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from nbyard.errors import Invalid
from nbyard.reasons.structs import because

VARIABLE = "NBYARD_CONFIG"
LOCAL = "local"  # the store of this machine
OTHERS = 0o077
USER = re.compile(r".*?/user/[^/]+")
PAGE = re.compile(r"/(lab(/tree(/.*)?|/workspaces/.*)?|tree(/.*)?)/?$")
TOKEN = re.compile(r"(?:^|&)token=([^&]*)")


class NamedServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The URL of a Jupyter server, and the file or the environment variable with its token."""

    url: str
    token_file: str = ""
    token_env: str = ""

    def token(self) -> str:
        """Return the token, "" if none is configured.

        Raises:
            Invalid: The file with the token cannot be read, or other users can read it.
        """
        if not self.token_file:
            return os.environ.get(self.token_env, "") if self.token_env else ""
        path = Path(self.token_file).expanduser()
        try:
            if stat.S_IMODE(path.stat().st_mode) & OTHERS:
                raise Invalid.field(
                    "token_file", f"Other users can read {path}: run chmod 600 on it"
                )
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            message = str(getattr(error, "strerror", None) or error)
            why = because("file-unreadable", file=str(path), message=message)
            raise Invalid.field("token_file", why) from None


class ServerNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the configuration file. `default` names the server to use by default."""

    servers: dict[str, NamedServer] = {}
    default: str = ""


def read_address(url: str) -> tuple[str, str]:
    """Return the base URL of a Jupyter server, and the token in the URL.

    Jupyter prints URLs of a page: `http://HOST/lab?token=TOKEN`. Without a token, the token is ""
    and the path is the one of the server, which may end with `/lab`.

    Raises:
        ValueError: This is not a URL.
    """
    parts = urlsplit(url)
    _ = parts.port  # raises the error of a wrong port
    path, token = parts.path, TOKEN.search(parts.query)
    if token:
        # A user of JupyterHub may be called "lab".
        user = USER.match(path)
        page = PAGE.search(path, user.end() if user else 0)
        path = path[: page.start()] if page else path
    base = parts._replace(path=path, query="", fragment="").geturl()
    return base, unquote(token[1]) if token else ""


def server_of(named: str) -> str:
    """Return the server to use: `named`, or that of NBYARD_SERVER, or the default of the file.

    "" means the store on this machine.

    Raises:
        Invalid: The file is refused.
    """
    server = named or os.environ.get("NBYARD_SERVER", "") or read_servers().default
    return "" if server == LOCAL else server


def read_servers() -> ServerNames:
    """Return the servers in the configuration file, none if there is no file.

    Raises:
        Invalid: The file is refused. The error names the field.
    """
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    path = Path(os.environ.get(VARIABLE) or f"{folder}/nbyard/config.toml").expanduser()
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return ServerNames()
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, str(getattr(error, "strerror", None) or error)) from None
    try:
        return msgspec.convert(tomllib.loads(text), ServerNames)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _refused(path, str(error)) from None


def _refused(path: Path, message: str) -> Invalid:
    return Invalid.field("config", because("file-unreadable", file=str(path), message=message))
