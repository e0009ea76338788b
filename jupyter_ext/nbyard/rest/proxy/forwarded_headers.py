"""Translates headers and queries between a browser and a deployed service.

A service never sees credentials of Jupyter or the Hub: their cookies, tokens and XSRF values are
removed. A deployed JupyterLab uses the same cookie names as the Jupyter server. The value of such a
service's cookie gets a mark, so that the two differ.

Pages of a deployed JupyterLab may send the XSRF value of the outer Jupyter. If that value is in the
request's own cookies, the page belongs to this host. The proxy then replaces the value by the
service's own.

Rewrites redirects of a deployed service, so that they stay below its address on this host.

Locations are parsed as browsers do, which accept more forms of this host's addresses than RFC 3986:
https://url.spec.whatwg.org/#url-parsing.
"""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from tornado.httputil import HTTPHeaders

from nbyard.domain.deployments.structs import SECRET_HEADER

# Browsers strip spaces and control characters at both ends, and ignore tabs and line breaks.
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
    kept: list[str] = []  # without `.` and `..`
    segments = place.split("/")[1:]
    for index, segment in enumerate(segments, 1):
        # The URL standard treats `%2e%2e` like `..`.
        dots = DOT.sub(".", segment)
        if dots == "..":
            kept[-1:] = []
        elif dots != ".":
            kept.append(segment)
        if dots in (".", "..") and index == len(segments):
            kept.append("")
    place = "/" + "/".join(kept)
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


MARK = "nby."
# nbyard's own pages set it on a request that no user sent, such as one for the schema.
UNCOUNTED = "X-Nbyard-Uncounted"
XSRF = "_xsrf"
# Cookies of any Jupyter on this host, because cookies are shared between ports.
SHARED_NAME = re.compile(rf"{XSRF}|username-.*")
HUBS_NAME = re.compile(r"jupyterhub-.*|jupyter-hub-.*|service-.*")
COOKIE_ATTRIBUTES = {"expires", "httponly", "max-age", "partitioned", "samesite", "secure"}
HOPS = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
LEFT_OUT = HOPS | {
    "authorization", "cookie", "expect", "x-forwarded-prefix", "x-xsrftoken",
    SECRET_HEADER.lower(), UNCOUNTED.lower(),
}  # fmt: skip
# Headers that affect one response or page, and never the whole origin.
ITS_OWN = {
    "accept-ranges", "age", "allow", "cache-control", "content-disposition", "content-encoding",
    "content-language", "content-length", "content-location", "content-range",
    "content-security-policy", "content-type", "cross-origin-embedder-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy", "date", "etag", "expires",
    "last-modified", "link", "permissions-policy", "pragma", "referrer-policy", "retry-after",
    "server", "server-timing", "vary",
}  # fmt: skip
ITS_OWN_STARTS = ("x-", "sec-websocket-")
# With these, a service could make a front-end server send its own files.
FOR_PROXIES = ("x-accel-", "x-sendfile", "x-lighttpd-", "x-litespeed-", "x-reproxy-")
WORKER_SCOPE = "service-worker-allowed"
ASKS_TO_LOG_IN = "www-authenticate"  # opens a login dialog that looks like Jupyter's
SANDBOX = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts"
FRAMES = "frame-ancestors 'self'"


def hops_of(headers: HTTPHeaders) -> set[str]:
    """Return the headers that are for the next hop only, including those named in `Connection`.

    Source: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
    """
    lines = headers.get_list("Connection")
    return HOPS | {name.strip().lower() for line in lines for name in line.split(",")}


def is_upgrade(headers: HTTPHeaders) -> bool:
    """Return whether the request asks for a WebSocket."""
    return headers.get("Upgrade", "").lower() == "websocket"


def has_plain_length(headers: HTTPHeaders) -> bool:
    """Return whether the length of a body is unambiguous: not stated, or one number (1–18 digits).

    Source: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
    """
    lengths = headers.get_list("Content-Length")
    return not lengths or (
        len(lengths) == 1 and re.fullmatch("[0-9]{1,18}", lengths[0]) is not None
    )


def is_service_worker(headers: HTTPHeaders) -> bool:
    """Return whether a browser requests the script of a service worker.

    Source: https://w3c.github.io/ServiceWorker/#service-worker-script-request
    """
    return headers.get("Service-Worker", "").strip().lower() == "script"


def request_headers(
    headers: HTTPHeaders, prefix: str, *, is_trusted: bool, login_cookie: str, secret: str = ""
) -> HTTPHeaders:
    """Return the headers to send to the service.

    Host and Origin stay, because services compare them. `secret` proves to the service that nbyard
    forwarded the request. A header with that name from the browser is removed.
    """
    sent, left_out = HTTPHeaders(), LEFT_OUT | hops_of(headers)
    for name, value in headers.get_all():
        if name.lower() in left_out:
            continue
        if name.lower() == "referer":
            # The query of a Jupyter page may contain its token.
            sent.add(name, urlsplit(value)._replace(query="", fragment="").geturl())
        else:
            sent.add(name, value)
    if cookies := "; ".join(_cookies(headers, login_cookie)):
        sent["Cookie"] = cookies
    given = headers.get("Authorization", "")
    # Basic credentials may come from a front-end server's login; Jupyter's own are tokens.
    if is_trusted and given.partition(" ")[0].lower() == "basic":
        sent["Authorization"] = given
    if token := shown_xsrf(headers.get("X-XSRFToken", ""), headers):
        sent["X-XSRFToken"] = token
    sent["X-Forwarded-Prefix"] = prefix.rstrip("/")
    if secret:
        sent[SECRET_HEADER] = secret
    sent["Connection"] = "close"
    if is_upgrade(headers):
        sent["Connection"], sent["Upgrade"] = "Upgrade", "websocket"
    return sent


def _cookies(headers: HTTPHeaders, login_cookie: str) -> Iterator[str]:
    for name, sign, value in _pairs(headers):
        if not sign or HUBS_NAME.fullmatch(name):
            continue
        if name != login_cookie and not SHARED_NAME.fullmatch(name):
            yield f"{name}={value}"
        elif (plain := value.removeprefix('"')).startswith(MARK):
            quote = '"' if plain != value else ""
            yield f"{name}={quote}{plain.removeprefix(MARK)}"


def _pairs(headers: HTTPHeaders) -> Iterator[tuple[str, str, str]]:
    for line in headers.get_list("Cookie"):
        yield from map(_parts, line.split(";"))


def shown_xsrf(shown: str, headers: HTTPHeaders) -> str:
    """Return the service's own XSRF value that replaces the value `shown`, which its page sent.

    Return "" if that value is not in the request's cookies, or if the service has set none.
    """
    if shown.startswith(MARK):
        return shown.removeprefix(MARK)
    values = [value for name, _, value in _pairs(headers) if name == XSRF and value]
    own = [value.removeprefix(MARK) for value in values if value.startswith(MARK)]
    return own[0] if own and shown in values else ""


def request_query(query: str, headers: HTTPHeaders) -> str:
    """Return the query without Jupyter's tokens, and with the service's own XSRF value."""
    kept = []
    for text in query.split("&"):
        name, sign, value = text.partition("=")
        if unquote(name) == XSRF:
            own = quote(shown_xsrf(unquote(value), headers), safe="")
            kept.append(f"{name}{sign}{own}" if own else "")
        elif unquote(name) != "token":
            kept.append(text)
    return "&".join(filter(None, kept))


def response_headers(
    headers: HTTPHeaders, prefix: str, *, path: str, host: str, is_trusted: bool, login_cookie: str
) -> HTTPHeaders:
    """Return the headers to send to the browser, which requested `path` from `host`.

    They affect only the service's own path. Pages of an untrusted service are shown in a sandbox.
    Its redirects lead to no other host.
    """
    browser_headers, hops = HTTPHeaders(), hops_of(headers)
    for name, value in headers.get_all():
        low = name.lower()
        is_its_own = low in ITS_OWN or (
            low.startswith(ITS_OWN_STARTS) and not low.startswith(FOR_PROXIES)
        )
        if low in hops:
            continue
        if low == "set-cookie":
            for cookie in _own_cookie(value, prefix, login_cookie):
                browser_headers.add(name, cookie)
        elif low == "location":
            own = own_location(value, path, prefix, host)
            if own is not None and (is_trusted or own.startswith(prefix.rstrip("/"))):
                browser_headers.add(name, own)
        elif low == WORKER_SCOPE and is_trusted:
            browser_headers[name] = (
                prefix  # the scope that a script at the service's root has anyway
            )
        elif is_its_own or (is_trusted and low == ASKS_TO_LOG_IN):
            browser_headers.add(name, value)
    browser_headers.add("Content-Security-Policy", FRAMES if is_trusted else f"{SANDBOX}; {FRAMES}")
    return browser_headers


def _own_cookie(line: str, prefix: str, login_cookie: str) -> Iterator[str]:
    """Yield the cookie of a service, limited to the service's path and this host.

    Cookies with names of the Hub are dropped. So are cookies without a name: browsers send their
    value back as a name with a value.
    """
    (name, _, value), *attributes = (_parts(part) for part in line.split(";"))
    if not name or HUBS_NAME.fullmatch(name):
        return
    if name == login_cookie or SHARED_NAME.fullmatch(name):
        # A value may stand in quotes (RFC 6265, section 4.1.1). The mark belongs inside them.
        plain = value.removeprefix('"')
        value = f'"{MARK}{plain}' if plain != value else MARK + value
    kept = [
        "".join(attribute) for attribute in attributes if attribute[0].lower() in COOKIE_ATTRIBUTES
    ]
    paths = [path for attribute, _, path in attributes if attribute.lower() == "path"]
    # Browsers use the last Path of a cookie (RFC 6265, section 5.3).
    own = paths[-1] if paths and paths[-1].startswith(prefix) else prefix
    yield "; ".join([f"{name}={value}", *kept, f"Path={own}"])


def _parts(text: str) -> tuple[str, str, str]:
    name, sign, value = text.partition("=")
    return name.strip(), sign, value.strip()
