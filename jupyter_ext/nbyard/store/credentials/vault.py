"""Encrypt secrets with AES-GCM; the key is not in the database.

NBYARD_CRYPT_KEY sets the key: 32 bytes in hexadecimal or Base64. It may hold several keys,
separated by `;`, the newest first. Otherwise the key is in the file crypt.key in the store's
folder, which is created once.

A sealed text is bound to its owner and name. It cannot be opened under another owner or name.
"""

import base64
import binascii
import contextlib
import hashlib
import json
import os
from pathlib import Path

from nbyard.errors import Conflict, StoreUnusable

VARIABLE = "NBYARD_CRYPT_KEY"
FILE = "crypt.key"
KEY_BYTES = 32
# AES-GCM uses nonces of this length directly and hashes others (NIST SP 800-38D).
NONCE_BYTES = 12


class Vault:
    """Encrypts and decrypts secrets; keys are read at first use."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._keys: dict[str, bytes] = {}

    @property
    def newest(self) -> str:
        """Return the name of the newest key; the name reveals nothing about the key."""
        return next(iter(self._known()))

    def seal(self, owner: str, name: str, fields: dict[str, str], sealed_before: str = "") -> str:
        """Encrypt the fields and return them as text, prefixed with the name of the key.

        `sealed_before` is any text that was sealed before. It shows that a key must exist.

        Raises:
            StoreUnusable: `sealed_before` was sealed with a key, but there is no key here.
        """
        key_name = next(iter(self._known(sealed_before)))
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(fields).encode()
        sealed = _cipher(self._known()[key_name]).encrypt(nonce, plain, _about(owner, name))
        return f"{key_name}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, owner: str, name: str, sealed: str) -> dict[str, str]:
        """Decrypt a sealed text and return its fields.

        Raises:
            StoreUnusable: The key is not here.
            Conflict: The text belongs to another credential, or was changed.
        """
        from cryptography.exceptions import InvalidTag

        key_name, _, text = sealed.partition(":")
        key = self._known(sealed).get(key_name)
        if key is None:
            raise StoreUnusable(
                f"The credential '{name}' was encrypted with another key ({key_name}).",
                hint=(
                    f"Add the old key after the new one in {VARIABLE}, or replace the secret"
                    " values of the credential."
                ),
            )
        try:
            data = base64.b64decode(text)
            plain = _cipher(key).decrypt(
                data[:NONCE_BYTES], data[NONCE_BYTES:], _about(owner, name)
            )
        except (InvalidTag, ValueError):
            raise Conflict(
                f"The credential '{name}' was changed outside of nbyard.",
                hint="Replace the secret values in it, or delete it.",
            ) from None
        return dict(json.loads(plain))

    def resealed(self, owner: str, name: str, sealed: str) -> str | None:
        """Encrypt a sealed text again, with the newest key.

        Return None if the text has the newest key already.

        Raises:
            StoreUnusable: The key of the text is missing.
            Conflict: The text was changed outside of nbyard.
        """
        if self.is_newest(sealed):
            return None
        return self.seal(owner, name, self.open(owner, name, sealed))

    def is_newest(self, sealed: str) -> bool:
        """Return whether the text was sealed with the newest key."""
        return next(iter(self._known(sealed))) == sealed.partition(":")[0]

    def _known(self, sealed_before: str = "") -> dict[str, bytes]:
        """Return the keys by name, read at first use; create the key file if there is no key."""
        if self._keys:
            return self._keys
        text, place, path = os.environ.get(VARIABLE, ""), VARIABLE, self._folder / FILE
        # A new key could not decrypt what an unknown key sealed, here or in other processes.
        if not text and sealed_before and not path.exists():
            raise StoreUnusable(
                f"Credentials here were encrypted with a key ({sealed_before.partition(':')[0]})"
                " that is missing.",
                hint=(
                    f"Set {VARIABLE} to the key that encrypted them (on the server?), or restore"
                    f" {path}. If the key is lost, create a new one: (umask 077; openssl rand -hex"
                    f" 32 > {FILE})"
                ),
            )
        if not text and not path.exists():
            # Write beside and link: other processes must never read a partial key.
            part = path.with_name(f"{FILE}.{os.urandom(4).hex()}")
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(os.urandom(KEY_BYTES).hex() + "\n")
                file.flush()
                os.fsync(handle)
            # If another process was faster, its key counts.
            with contextlib.suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        if not text:
            text, place = path.read_text("ascii"), FILE
        keys = _keys(text, place)
        self._keys = {hashlib.sha256(b"nbyard" + key).hexdigest()[:8]: key for key in keys}
        return self._keys


def _cipher(key: bytes):  # type: ignore[no-untyped-def]  # imported late: only needed for secrets
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _about(owner: str, name: str) -> bytes:
    return json.dumps([owner, name]).encode()


def _keys(text: str, place: str) -> list[bytes]:
    keys: list[bytes] = []
    for word in filter(None, map(str.strip, text.replace("\n", ";").split(";"))):
        key = b""
        with contextlib.suppress(ValueError, binascii.Error):
            is_hex = len(word) == 2 * KEY_BYTES
            # Both alphabets of Base64 are read, the standard one and that for URLs.
            key = bytes.fromhex(word) if is_hex else base64.b64decode(word, altchars=b"-_")
        if len(key) != KEY_BYTES:
            raise StoreUnusable(
                f"A key in {place} is not {KEY_BYTES} bytes long.",
                hint="Create one with: openssl rand -hex 32",
            )
        keys.append(key)
    if not keys:
        raise StoreUnusable(f"{place} holds no key.")
    return keys
