"""What a mode of serving fills in (entry point group `nbyard.serving`)."""

from __future__ import annotations

from typing import Protocol

from .loading import Spec


class Mode(Protocol):
    """A way to serve a model inside its image. `requirements` are installed there beside the
    model's own; `port` is the one that it listens on, 0 for none. Its module is copied into the
    image with the package that it stands in, and must load with the standard library only."""

    requirements: tuple[str, ...]
    port: int

    def serve(self, spec: Spec, words: list[str]) -> int:
        """Serve until the end; the exit code. `words` are what followed on the command line."""
