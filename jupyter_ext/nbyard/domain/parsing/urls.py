"""URLs that the server may fetch: checks of schemes, hosts, ports and addresses.

No host name is resolved here. Private, local and metadata addresses are refused in any notation,
unless the administrator allows them by "host", "host:port", an address or a network in CIDR
notation.
"""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

import msgspec

from nbyard.domain.paging import check_length
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

Address = IPv4Address | IPv6Address

MAX_URL = 8000
URL_CHARACTERS = "%/:=&?~+!$,;'@()*[]|"
WEB = ("http", "https")
OBJECT_STORES = ("s3", "gs", "abfs", "webdav", "webdavs")
DEFAULT_PORTS = {"http": 80, "https": 443, "webdav": 80, "webdavs": 443}
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
LOCAL_NAMES = ("localhost", "ip6-localhost", "ip6-loopback")
METADATA_NAMES = ("metadata", "metadata.google.internal", "instance-data")
LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")
# Ports of other protocols, where an HTTP request could be a command (browsers refuse them).
# fmt: off
OTHER_PROTOCOLS = frozenset((
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389,
    427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
    989, 990, 993, 995, 1719, 1720, 1723, 2049, 2375, 3659, 4045, 4190, 5060, 5061, 5432, 6000,
    6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017,
))
# fmt: on
# Metadata services return credentials of the machine to any process. Some are in public ranges.
# In this order: AWS, Google and Azure; AWS over IPv6; Alibaba; Oracle; the host agent of Azure.
METADATA = tuple(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    )
)
# tunnels, translation and deprecated ranges, which may lead to private networks
# In this order: 6to4 relays, local NAT64, site-local, Teredo, SRv6 and IPv4-compatible.
NEVER_PUBLIC = tuple(
    ip_network(text)
    for text in ("192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10", "2001::/32", "5f00::/16", "::/96")
)
HINT = (
    "nbyard refuses addresses of this machine and of private networks. An administrator allows a"
    " host: start JupyterLab with NBYARD_ALLOWED_PRIVATE_HOSTS=nas.local:8080, or set"
    ' c.Settings.allowed_private_hosts = ["nas.local:8080"].'
)
NAT64 = IPv6Network("64:ff9b::/96")


class Target(msgspec.Struct, frozen=True):
    """A parsed and normalised URL. `url` has no fragment."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return scheme, host and port."""
        return self.scheme, self.host, self.port


class AllowedHosts(msgspec.Struct, frozen=True):
    """Private hosts and networks that the administrator allows.

    `hosts` are pairs of name and port; the port 0 stands for any port.
    """

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[str, ...] = ()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> "AllowedHosts":
        """Parse texts such as "nas", "nas:8080", "10.0.0.5", "10.1.0.0/16", "[fd00::1]:80".

        Raises:
            Invalid: an entry has an invalid port or host.
        """
        hosts: set[tuple[str, int]] = set()
        networks: list[str] = []
        for entry in entries:
            try:
                networks.append(str(ip_network(entry.strip("[]"), strict=False)))
                continue
            except ValueError:
                pass  # the name of a host, perhaps with a port
            try:
                parts = urlsplit(f"//{entry.strip()}")
                port = parts.port or 0
            except ValueError as problem:
                reason = f"{entry!r} has an invalid port"
                raise Invalid.field("allowed hosts", reason) from problem
            host = normal_host(_host_of(parts, "allowed hosts"), "allowed hosts")
            hosts.add((host, port))
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str, port: int) -> bool:
        """Return whether the host name is allowed, at any port or at this one."""
        return (host, 0) in self.hosts or (host, port) in self.hosts

    def holds(self, address: Address) -> bool:
        """Return whether an address is in an allowed network."""
        return any(address in ip_network(network) for network in self.networks)


def parse_url(text: object, schemes: Sequence[str] = WEB, field: str = "url") -> Target:
    """Parse and normalise a URL. `field` names it in errors.

    Raises:
        Invalid: the URL is malformed, too long, contains a login, or has another scheme.
    """
    if not isinstance(text, str) or not text:
        raise Invalid.field(field, "must be a URL")
    check_length(field, text, MAX_URL)
    if "\\" in text or any(char.isspace() or unicodedata.category(char)[0] == "C" for char in text):
        raise Invalid.field(field, "may not contain spaces, backslashes or control characters")
    try:
        parts = urlsplit(text)
    except ValueError as problem:
        raise Invalid.field(field, "is not a URL") from problem
    # some libraries chain protocols: zip::https://…
    if "::" in text.partition("://")[0]:
        raise Invalid.field(field, "may not chain protocols")
    if parts.scheme not in schemes or "://" not in text:
        known = [f"{name}://" for name in schemes]
        raise Invalid.field(field, f"must begin with one of {', '.join(known)}")
    if "@" in parts.netloc:
        raise Invalid.field(field, because("login-in-url"), hint="Store them as a credential.")
    # Decoded twice, because `%252e%252e` becomes `..` where a second program decodes the key.
    segments = unquote(unquote(parts.path)).split("/")
    if parts.scheme in OBJECT_STORES and any(part in (".", "..") for part in segments):
        raise Invalid.field(field, "may not contain .. in its key")
    host = normal_host(_host_of(parts, field), field)
    path = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe=URL_CHARACTERS)
    port = _port_of(parts, field)
    shown = f"[{host}]" if ":" in host else host
    if DEFAULT_PORTS.get(parts.scheme, port) != port:
        shown += f":{port}"
    return Target(f"{parts.scheme}://{shown}{path}", parts.scheme, host, port, path)


def _host_of(parts: SplitResult, field: str) -> str:
    try:
        host = parts.hostname
    except ValueError as problem:
        raise Invalid.field(field, "has an invalid host") from problem
    if not host:
        raise Invalid.field(field, "has no host")
    return f"[{host}]" if "[" in parts.netloc else host


def _port_of(parts: SplitResult, field: str) -> int:
    try:
        port = parts.port
    except ValueError as problem:
        raise Invalid.field(field, "has an invalid port") from problem
    if port is None:
        return DEFAULT_PORTS.get(parts.scheme, 443)
    if port == 0:
        raise Invalid.field(field, "has an invalid port")
    return port


def normal_host(host: str, field: str = "url") -> str:
    """Convert a host name to lower-case ASCII, or an address to canonical notation.

    An IPv6 address is in brackets in `host`, and without brackets in the result.

    Raises:
        Invalid: the host is malformed, or an address in an unusual notation.
    """
    if host.startswith("["):
        try:
            address = IPv6Address(host.strip("[]"))
        except ValueError as problem:
            raise Invalid.field(field, "has an invalid address") from problem
        if address.scope_id:
            raise Invalid.field(field, "may not contain a network interface")
        return str(address)
    if "%" in host:
        raise Invalid.field(field, "may not contain percent signs in its host")
    try:
        # NFKC converts characters of full width, as Python does before it resolves a host. Such
        # digits could spell 127.0.0.1.
        plain = (
            unicodedata.normalize("NFKC", host).encode("idna").decode().lower().removesuffix(".")
        )
    except UnicodeError as problem:
        raise Invalid.field(field, "has an invalid host") from problem
    labels = plain.split(".")
    if NUMBER.match(labels[-1]):
        with suppress(ValueError):
            if str(IPv4Address(plain)) == host.removesuffix("."):
                return str(IPv4Address(plain))
        # 2130706433, 0x7f.1, 0177.0.0.1 and the like are attempts to bypass checks.
        raise Invalid.field(field, "must have its IPv4 address as four decimal numbers")
    if len(plain) > 253 or not all(LABEL.match(label) for label in labels):
        raise Invalid.field(field, "has an invalid host")
    return plain


def check_host(target: Target, allowed: AllowedHosts, field: str = "url") -> None:
    """Check the host and port of a URL before the host name is resolved.

    Raises:
        Invalid: the host is private, or the port belongs to another protocol.
    """
    if allowed.names(target.host, target.port):
        return
    try:
        address = ip_address(target.host)
    except ValueError:
        is_local = target.host in LOCAL_NAMES or target.host.endswith(LOCAL_ENDINGS)
        # If private networks are allowed, the address decides.
        if target.host in METADATA_NAMES or (is_local and not allowed.networks):
            reason = f"{target.host} is a private host"
            raise Invalid.field(field, reason, hint=HINT) from None
    else:
        check_addresses(target, [str(address)], allowed, field)
    if target.port in OTHER_PROTOCOLS:
        raise Invalid.field(field, f"port {target.port} belongs to another protocol")


def check_addresses(
    target: Target, addresses: Sequence[str], allowed: AllowedHosts, field: str = "url"
) -> list[str]:
    """Check the addresses that the host of a URL resolved to; return them.

    Raises:
        Invalid: an address is private, or the list is empty.
    """
    for text in addresses:
        # A local IPv6 address has its network interface at the end: `fe80::1%eth0`.
        address = ip_address(text.partition("%")[0])
        if allowed.holds(address) and address not in METADATA:
            continue
        if address in METADATA and str(ip_network(address)) in allowed.networks:
            continue
        # an allowed name must not lead to a metadata service
        if allowed.names(target.host, target.port) and address not in METADATA:
            continue
        if kind := private_kind(address):
            reason = f"{target.host} resolves to {address}, {kind}"
            raise Invalid.field(field, reason, hint=HINT)
    if not addresses:
        raise Invalid.field(field, f"{target.host} has no address")
    return list(addresses)


def private_kind(address: Address) -> str | None:
    """Return why an address is not public; None for a public address."""
    if address in METADATA:
        return "a metadata service"
    if isinstance(address, IPv6Address):
        # the IPv4 address in an IPv6 one: mapped, 6to4, NAT64 or compatible
        inner = address.ipv4_mapped or address.sixtofour
        low = int(address) & 0xFFFFFFFF
        # `::` and `::1` contain no IPv4 address. The loop below refuses them.
        if not inner and (address in NAT64 or (int(address) >> 32 == 0 and low > 1)):
            inner = IPv4Address(low)
        if inner:
            return private_kind(inner)
    for kind in ("loopback", "link_local", "multicast", "unspecified", "reserved"):
        if getattr(address, f"is_{kind}"):
            return f"a special address ({kind.replace('_', '-')})"
    if address.is_private or not address.is_global or any(address in net for net in NEVER_PUBLIC):
        return "a private address"
    return None
