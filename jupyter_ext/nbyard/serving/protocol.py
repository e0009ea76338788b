"""The interface of serving modes (entry point group `nbyard.serving`)."""

from __future__ import annotations

from typing import Protocol

from .load_model import Spec


class Mode(Protocol):
    """A way to serve a model in its image.

    `requirements` are installed there in addition to the model's own. `port` is the one it listens
    on, 0 for none. Its module is copied into the image with its package. It must be importable with
    the standard library only.
    """

    requirements: tuple[str, ...]
    port: int

    def serve(self, spec: Spec, words: list[str]) -> int:
        """Serve until the end and return the exit code. `words` are further arguments."""
