"""Canonical text of plain values, digests, and cache keys."""

import hashlib
import json
import re
from typing import Any

import msgspec

# The algorithm and the hexadecimal digits of a file's or folder's digest.
DIGEST = re.compile(r"(sha256|tree):([0-9a-f]{64})\Z")


def canonical_text(value: Any) -> str:
    """Return sorted, compact JSON: equal values give equal text. Structs become objects."""
    plain = msgspec.to_builtins(value, str_keys=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: Any) -> str:
    """Return `sha256:<hex>` of the canonical text."""
    text = canonical_text(value).encode("utf-8", "surrogatepass")  # file names may be any bytes
    return "sha256:" + hashlib.sha256(text).hexdigest()


class KeyParts(msgspec.Struct, frozen=True):
    """All parts of a node's cache key.

    `values` are the typed argument values. `inputs` are digests by input name. `files` are
    digests of the bundle's files by relative path, without the code itself, with their
    executable flag. `environment` names interpreter and distributions, or the image.
    """

    code: str
    values: dict[str, Any]
    inputs: dict[str, str]
    files: dict[str, str]
    environment: str
    declaration: str

    def key(self) -> str:
        """Return the cache key."""
        return digest_of(self)

    def base_key(self) -> str:
        """Return a key that ignores `files`."""
        return digest_of(msgspec.structs.replace(self, files={}))
