"""URLs of notice channels: which ones are accepted. No host name is resolved here.

An https:// URL receives CloudEvents, unless it is the webhook of a service that Apprise knows.
An openlineage+https:// URL receives OpenLineage events. All other schemes are those of Apprise.
The URLs contain secrets.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from nbyard.domain.paging import check_length
from nbyard.domain.parsing.urls import (
    HINT,
    LOCAL_ENDINGS,
    LOCAL_NAMES,
    MAX_URL,
    METADATA_NAMES,
    AllowedHosts,
    Target,
    check_addresses,
    check_host,
    parse_url,
)
from nbyard.errors import Invalid

WEB = ("https", "http")
OPENLINEAGE = "openlineage+"
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,39}\Z")
EXAMPLES = (
    "E-mail: mailtos://USER:PASSWORD@smtp.example.org?to=me@example.org Slack:"
    " https://hooks.slack.com/services/T…/B…/…"
)
SHORTEST_SECRET = 4
# Schemes of Apprise whose messages stay on the sending machine, which may be a hub's.
LOCAL = frozenset(
    ("blink1", "dbus", "file", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows")
)
# Query parameters that name files of the sending machine, whose content would leave it.
FILES = frozenset(("attach", "keyfile", "pgp", "pgpkey", "pgpprv", "pgppub", "subfile", "template"))
# Schemes whose whole path Apprise shows, although the path often is a secret.
GENERIC = ("json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises")
# Schemes that use HTTP without encryption. With an s at their end, they use HTTPS.
PLAIN = ("json", "xml", "form", "apprise", "gotify", "mmost", "ntfy", "rocket")


def check_channel_url(url: str, allowed: AllowedHosts) -> None:
    """Check the URL of a channel before its host name is resolved.

    `allowed` are private hosts that the administrator allows.

    Raises:
        Invalid: the URL is refused. The message does not contain the URL.
    """
    if is_openlineage(url):
        web, key = openlineage_target(url)
        # The key becomes the value of a header.
        if any(not "!" <= char <= "~" for char in key):
            raise Invalid.field(
                "url",
                "may have only visible ASCII characters in its key, such as letters and digits",
            )
        _check_webhook(web, allowed)
    elif scheme_of(url) in WEB:
        _check_webhook(url, allowed)
    else:
        _check_apprise(url, allowed)


def _check_webhook(url: str, allowed: AllowedHosts) -> None:
    target = parse_url(url)
    check_host(target, allowed)
    if target.scheme == "http" and not _is_allowed(target.host, target.port, allowed):
        raise Invalid.field(
            "url",
            "must be encrypted (https://, jsons://), because messages name your work",
            hint=HINT,
        )


def _check_apprise(url: str, allowed: AllowedHosts) -> None:
    scheme = scheme_of(url)
    check_length("url", url, MAX_URL)
    if any(char.isspace() or not char.isprintable() for char in url) or "\\" in url:
        raise Invalid.field("url", "may not contain spaces, backslashes or control characters")
    if "://" not in url or not SCHEME.match(scheme):
        raise Invalid.field(
            "url",
            "must be an https:// URL, or a URL of Apprise such as slack://… or mailtos://…",
            hint=EXAMPLES,
        )
    if scheme in LOCAL:
        raise Invalid.field("url", f"{scheme}:// stays on the server's own machine")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", _port_of(parts)
        names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        raise Invalid.field("url", "is not a URL") from None
    for name in sorted(names & FILES):
        raise Invalid.field("url", f"may not name a file of the server ({name})")
    _check_private(host, port, allowed)
    if scheme in PLAIN and not _is_allowed(host, port, allowed):
        raise Invalid.field(
            "url",
            "must be encrypted (https://, jsons://), because messages name your work",
            hint=HINT,
        )


def scheme_of(url: str) -> str:
    """Return the scheme of a URL in lower case."""
    return url.partition("://")[0].lower()


def is_openlineage(url: str) -> bool:
    """Return whether a URL receives OpenLineage events."""
    return scheme_of(url).startswith(OPENLINEAGE)


def openlineage_target(url: str) -> tuple[str, str]:
    """Split the URL of an OpenLineage channel into a web address and a key.

    The key precedes an @ in the URL, may be percent-encoded there, and is empty if missing.
    """
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    key, _, host = host.rpartition("@")
    web = f"{scheme.lower().removeprefix(OPENLINEAGE)}://{host}{slash}{path}"
    # The key may be written as a password without a user: `:KEY@`.
    return web, unquote(key.removeprefix(":"))


def _check_private(host: str, port: int, allowed: AllowedHosts) -> None:
    """Refuse a private host. Other names pass: in many URLs of Apprise, the host is a token."""
    if _is_allowed(host, port, allowed):
        return
    if host in LOCAL_NAMES or host in METADATA_NAMES or host.endswith(LOCAL_ENDINGS):
        raise Invalid.field("url", f"{host} is a private host", hint=HINT)
    try:
        ip_address(host)
    except ValueError:
        return
    check_addresses(Target("", "", host, port, ""), [host], allowed)


def _is_allowed(host: str, port: int, allowed: AllowedHosts) -> bool:
    try:
        return allowed.names(host, port) or allowed.holds(ip_address(host))
    except ValueError:
        return False


def _port_of(parts: SplitResult) -> int:
    try:
        return parts.port or 0
    except ValueError:  # some tokens contain a colon
        return 0


def masked_url(url: str) -> str:
    """Return the scheme, host and port of a URL, with the rest replaced by an ellipsis."""
    parts = urlsplit(url)
    port = f":{_port_of(parts)}" if _port_of(parts) else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}/…"


def secrets_of(url: str) -> list[str]:
    """Return the parts of a URL that may be secret, the longest first."""
    parts = re.split(r"[/?&=#@:,]+", url.partition("://")[2])
    # The longest first, because a short secret may be a part of a longer one.
    return sorted({w for w in parts if len(w) >= SHORTEST_SECRET}, key=len, reverse=True)


def without_secrets(text: str, url: str) -> str:
    """Mask the secret parts of a channel's URL in a text, such as an error message.

    The host is kept, unless it is a token in this scheme.
    """
    shows_host = scheme_of(url) in (*WEB, *GENERIC) or is_openlineage(url)
    host = (urlsplit(url).hostname or "") if shows_host else ""
    for secret in (url, *secrets_of(url)):
        if secret.lower() != host:
            text = text.replace(secret, "***")
    return text
