"""Rewrites redirects of a deployed service, so that they stay below its address on this host.

Locations are parsed as browsers do, which accept more forms of this host's addresses than RFC 3986:
https://url.spec.whatwg.org/#url-parsing.
"""

import ipaddress
import re

# Browsers strip spaces and control characters at both ends, and ignore tabs and line breaks
# anywhere.
ENDS = "".join(map(chr, range(33)))
IGNORED = str.maketrans("", "", "\t\r\n")
PARTS = re.compile(r"([^?#]*)(.*)", re.DOTALL)
WEB = re.compile(r"(?:https?:|//).*", re.IGNORECASE)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:.*", re.IGNORECASE)
# Browsers skip further slashes: `///other.example/x` leads to another host.
WITH_HOST = re.compile(r"(?:https?:)?//+([^/]+)(.*)", re.IGNORECASE)
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{0,5}))?")
NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
DOT = re.compile("%2e", re.IGNORECASE)


def own_location(location: str, path: str, prefix: str, host: str) -> str | None:
    """Return the Location header for the browser, from the service's response to `path`.

    A location at `host` is moved below `prefix`. None means that the location's target is unclear.
    """
    text = location.translate(IGNORED).strip(ENDS)
    place, tail = PARTS.fullmatch(text).groups()  # type: ignore[union-attr]  # matches anything
    # Browsers treat a backslash like a slash.
    place = place.replace("\\", "/")
    if WEB.fullmatch(place):
        match = WITH_HOST.fullmatch(place)
        name = _host(match[1]) if match else None
        if match is None or name is None:
            return None
        if name != _host(host):
            return location
        place = match[2] or "/"
    elif SCHEME.fullmatch(place):
        return location
    elif not place.startswith("/"):
        place = f"{path.rpartition('/')[0]}/{place}" if place else path
    place = _without_dots(place)
    is_below = f"{place}/".startswith(prefix)
    return (place if is_below else prefix + place[1:]) + tail


def _host(netloc: str) -> tuple[str, int] | None:
    """Return the host name and port in an address (0 for the default port of its scheme).

    None means that a browser may read another name than the one that is written.
    """
    match = HOST.fullmatch(netloc.rpartition("@")[2].lower())
    if match is None:
        return None
    name, port = match[1], int(match[2] or 0)
    try:
        if name.startswith("["):
            name = str(ipaddress.IPv6Address(name[1:-1]))
        elif NUMBER.fullmatch(name):
            # Browsers accept numbers such as 0x7f000001 as IPv4 addresses; refuse unusual forms.
            name = str(ipaddress.IPv4Address(name))
    except ValueError:
        return None
    return name, 0 if port in (80, 443) else port


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments, 1):
        # The URL standard treats `%2e%2e` like `..`.
        dots = DOT.sub(".", segment)
        if dots == "..":
            kept[-1:] = []
        elif dots != ".":
            kept.append(segment)
        if dots in (".", "..") and index == len(segments):
            kept.append("")
    return "/" + "/".join(kept)
