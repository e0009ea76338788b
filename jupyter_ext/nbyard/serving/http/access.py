"""Check who may call the model: the proxy of the deployment, and programs with a key."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

SECRET_HEADER, KEY_HEADER = b"x-nbyard-secret", b"authorization"
SCHEME = b"bearer "
KEYS_SUFFIX = ".keys"
LOOK_SECONDS = 1.0


class Access:
    """Checks requests by the secret of the proxy, or by the hashes of keys.

    Without the file of a secret, every request is admitted. The file of keys is beside it. The
    dispatcher replaces the file of keys when a key is created or revoked, and before it replaces
    the container (`is_leaving`).

    Raises:
        SystemExit: The file of the secret is empty.
    """

    def __init__(self, secret_file: str = ""):
        self._secret = Path(secret_file).read_bytes() if secret_file else b""
        if secret_file and not self._secret:
            sys.exit(f"{secret_file} is empty: the server cannot check requests.")
        self._path = Path(secret_file or "none").with_suffix(KEYS_SUFFIX)
        self._expiries: dict[str, float | None] = {}
        self._date = -1
        self._next_look = 0.0
        self.is_leaving = False

    def admits(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Return whether a request has the secret or a key, in exactly one header."""
        if not self._secret:
            return True
        secrets, keys = [], []
        for name, value in headers:
            if name == SECRET_HEADER:
                secrets.append(value)
            elif name == KEY_HEADER:
                keys.append(value)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._read_keys()
        if secrets:
            # compared in constant time, so that timing reveals nothing
            return len(secrets) == 1 and hmac.compare_digest(secrets[0], self._secret)
        if len(keys) != 1 or keys[0][: len(SCHEME)].lower() != SCHEME:
            return False
        digest = hashlib.sha256(keys[0][len(SCHEME) :].strip()).hexdigest()
        expiry = self._expiries.get(digest, 0.0)  # an unknown key is like one that has expired
        return expiry is None or time.time() < expiry

    def _read_keys(self) -> None:
        """Read the file of keys if it changed. An unfinished file is read again later."""
        try:
            date = self._path.stat().st_ctime_ns  # engines set the other dates
            if date != self._date:
                content = json.loads(self._path.read_bytes())
                self._expiries, self.is_leaving = content["keys"], content["leaving"]
                self._date = date
        except (OSError, ValueError):
            return
