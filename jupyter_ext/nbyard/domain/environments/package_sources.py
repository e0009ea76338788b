"""Package sources besides the machine's index: addresses that the administrator allows.

Pure; nothing is looked up here.
"""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import msgspec

from nbyard.domain.parsing.urls import MAX_URL, WEB, parse_url
from nbyard.errors import Invalid

SETTING = "allowed_package_sources"
FILE = "file"


class SourceAddress(msgspec.Struct, frozen=True):
    """A parsed address. Equal places have equal values.

    `parts` are the decoded parts of its path.
    """

    scheme: str
    host: str
    port: int
    parts: tuple[str, ...]
    address: str

    def holds(self, other: "SourceAddress") -> bool:
        """Return whether the other place is this one or below it."""
        origin = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        # Compare whole parts: the text `/simple-evil` begins with `/simple`, too.
        return origin and other.parts[: len(self.parts)] == self.parts


class RequirementRefused(ValueError):
    """An address or a line that is not accepted; the message says why."""


class AllowedSources(msgspec.Struct, frozen=True):
    """The places below which indexes, link pages and wheels are allowed."""

    places: tuple[SourceAddress, ...] = ()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> "AllowedSources":
        """Parse addresses such as `https://packages.example.org/simple` and `file:///srv/wheels`.

        Raises:
            Invalid: an address is invalid.
        """
        try:
            return cls(tuple(place_of(entry.strip()) for entry in entries))
        except ValueError as error:
            raise Invalid.field(SETTING, str(error)) from None

    def admit(self, address: str) -> SourceAddress:
        """Return the place of an address if it is allowed.

        Raises:
            ValueError: the address is invalid or not allowed; the message says why.
        """
        place = place_of(address)
        if not any(allowed.holds(place) for allowed in self.places):
            reason = (
                f"{place.address} is not allowed: an administrator allows addresses with {SETTING}"
            )
            raise RequirementRefused(reason)
        return place


NO_SOURCES = AllowedSources()


def place_of(address: str) -> SourceAddress:
    """Return a web address or local folder in canonical form.

    Raises:
        ValueError: the address is invalid or ambiguous, or contains a name or password.
    """
    if address.partition(":")[0].lower() == FILE:
        if len(address) > MAX_URL or not address.isprintable() or any(c in " \\" for c in address):
            raise RequirementRefused(
                "the address may not contain spaces, backslashes or control characters"
            )
        try:
            host = urlsplit(address).netloc
        except ValueError:
            # urlsplit raises ValueError for a malformed IPv6 address, such as `file://[`.
            host = address
        if host or not address.lower().startswith("file:///"):
            raise RequirementRefused("a file address must begin with file:/// and an absolute path")
        parts = _parts(address)
        return SourceAddress(FILE, "", 0, parts, "file:///" + "/".join(parts))
    try:
        target = parse_url(address, WEB)
    except Invalid as error:
        why = error.details[0].why
        cure = "; keep them in .netrc, which uv and pip read" if why.code == "login-in-url" else ""
        raise RequirementRefused(f"the address {why}{cure}") from None
    url = target.url.rstrip("/")
    return SourceAddress(target.scheme, target.host, target.port, _parts(address), url)


def _parts(address: str) -> tuple[str, ...]:
    """Return the decoded parts of the path.

    Queries, fragments, variables and double encodings are refused: another program may read
    such an address differently.
    """
    url = urlsplit(address)
    if url.query or url.fragment or "?" in address or "#" in address:
        raise RequirementRefused(
            "the address may contain neither ? nor #; add a hash with --hash=sha256:…"
        )
    names = url.path.removesuffix("/").split("/")[1:]
    decoded = tuple(map(unquote, names))
    # other programs may decode, expand or cut the address at these characters
    if any(name in ("", ".", "..") or set(name) & set("/\\%$;") for name in decoded):
        raise RequirementRefused(
            "the address may not contain .., //, variables or encoded forms of them"
        )
    if any(not name.isprintable() or " " in name for name in decoded):
        raise RequirementRefused(
            "the address may not contain spaces, backslashes or control characters"
        )
    return decoded
