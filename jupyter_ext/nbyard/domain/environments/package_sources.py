"""Package sources besides the machine's index: addresses that the administrator allows.

Pure; nothing is looked up here.
"""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import msgspec

from nbyard.domain.parsing.urls import MAX_URL, WEB, parse
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

SETTING = "allowed_package_sources"
FILE = "file"


class Place(msgspec.Struct, frozen=True):
    """A parsed address. Equal places have equal values.

    `parts` are the decoded parts of its path.
    """

    scheme: str
    host: str
    port: int
    parts: tuple[str, ...]
    address: str

    def holds(self, other: "Place") -> bool:
        """Return whether the other place is this one or below it."""
        origin = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return origin and other.parts[: len(self.parts)] == self.parts


class Sources(msgspec.Struct, frozen=True):
    """The places below which indexes, link pages and wheels are allowed."""

    places: tuple[Place, ...] = ()

    @classmethod
    def parse(cls, entries: Sequence[str]) -> "Sources":
        """Parse addresses such as `https://packages.example.org/simple` and `file:///srv/wheels`.

        Raises:
            Invalid: an address is invalid.
        """
        try:
            return cls(tuple(place_of(entry.strip()) for entry in entries))
        except ValueError as error:
            reason = because("source-refused", message=str(error))
            raise Invalid.field(SETTING, reason) from None

    def admit(self, address: str) -> Place:
        """Return the place of an address if it is allowed.

        Raises:
            ValueError: the address is invalid or not allowed; the message says why.
        """
        place = place_of(address)
        if not any(allowed.holds(place) for allowed in self.places):
            raise ValueError(
                f"{place.address} is not allowed: an administrator allows addresses with {SETTING}"
            )
        return place


NO_SOURCES = Sources()


def place_of(address: str) -> Place:
    """Return a web address or local folder in canonical form.

    Raises:
        ValueError: the address is invalid or ambiguous, or contains a name or password.
    """
    scheme = address.partition(":")[0].lower()
    if scheme == FILE:
        return _folder(address)
    try:
        target = parse(address, WEB)
    except Invalid as error:
        hint = ""
        problem = error.details[0]
        if problem.reason is not None and problem.reason.code == "login-in-url":
            hint = "; keep them in .netrc, which uv and pip read"
        raise ValueError(f"the address {problem.message}{hint}") from None
    url = target.url.rstrip("/")
    return Place(target.scheme, target.host, target.port, _parts(address), url)


def _folder(address: str) -> Place:
    if len(address) > MAX_URL or not address.isprintable() or any(c in " \\" for c in address):
        raise ValueError("the address may not contain spaces, backslashes or control characters")
    try:
        host = urlsplit(address).netloc
    except ValueError:
        host = address
    if host or not address.lower().startswith("file:///"):
        raise ValueError("an address of files begins with file:/// and the whole path")
    parts = _parts(address)
    return Place(FILE, "", 0, parts, "file:///" + "/".join(parts))


def _parts(address: str) -> tuple[str, ...]:
    """Return the decoded parts of the path.

    Queries, fragments, variables and double encodings are refused: another program may read
    such an address differently.
    """
    found = urlsplit(address)
    if found.query or found.fragment or "?" in address or "#" in address:
        raise ValueError("the address may have neither ? nor #; a hash is given by --hash=sha256:…")
    names = found.path.removesuffix("/").split("/")[1:]
    decoded = tuple(map(unquote, names))
    # other programs may decode, expand or cut the address at these characters
    if any(name in ("", ".", "..") or set(name) & set("/\\%$;") for name in decoded):
        raise ValueError("the address may not contain .., //, variables or what hides them")
    if any(not name.isprintable() or " " in name for name in decoded):
        raise ValueError("the address may not contain spaces, backslashes or control characters")
    return decoded
