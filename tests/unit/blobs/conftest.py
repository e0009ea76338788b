"""A blob store, and a way to harm it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nbyard.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@pytest.fixture
def damage(blobs: Blobs) -> Callable[..., None]:
    """Flip one bit of a stored blob."""

    def flip(digest: str, place: int = 0) -> None:
        path = blobs.path(digest)
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)

    return flip
