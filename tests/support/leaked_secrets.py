"""Search for a leaked secret everywhere."""

import base64
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

# Contains characters that Base64, URLs and UTF-8 encode in different ways.
CANARY = "s3cr3t-CANARY/+=ü"


def spellings(secret: str = CANARY) -> list[bytes]:
    """Return the secret in the encodings that may leak."""
    raw = secret.encode()
    return [raw, base64.b64encode(raw), quote(secret, safe="").encode()]


def is_in(content: bytes, secret: str = CANARY) -> bool:
    """Return whether the content contains the secret in any encoding."""
    return any(spelling in content for spelling in spellings(secret))


def places_of(folder: Path, secret: str = CANARY) -> list[Path]:
    """Return the files below the folder, and the processes, that contain the secret."""
    # unlike rglob, os.walk continues when a folder is removed meanwhile
    below = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    files = [path for path in below if path.is_file() and not path.is_symlink()]
    lines = [path for path in Path("/proc").glob("[0-9]*/cmdline")]
    matches = []
    for path in (*files, *lines):
        with suppress(OSError):  # the process has exited meanwhile
            if is_in(path.read_bytes(), secret):
                matches.append(path)
    return matches


def in_memory(*ids: str) -> list[str]:
    """Return the secret folders of these stores and attempts that are in memory now."""
    return [name for name in os.listdir("/dev/shm") if any(owner_id in name for owner_id in ids)]
