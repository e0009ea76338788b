"""Translates pip's configuration of indexes and proxies into variables of uv.

uv does not read pip's configuration. Files, sections and variables:
https://pip.pypa.io/en/stable/topics/configuration/. Variables of uv:
https://docs.astral.sh/uv/reference/environment/.
"""

import configparser
import contextlib
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

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
