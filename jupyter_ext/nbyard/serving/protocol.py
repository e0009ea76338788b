"""The interface of serving modes (entry point group `nbyard.serving`)."""

from __future__ import annotations

from typing import Protocol

from .models import Spec

# the package whose data frames models get, in each mode
PANDAS = "pandas>=2.2"


class Mode(Protocol):
    """A way to serve a model in its image.

    `requirements` are installed in the image in addition to the model's own. `port` is the port
    that the mode listens on, 0 for none. The package of the mode is copied into the image. Its
    module must be importable with the standard library only.
    """

    requirements: tuple[str, ...]
    port: int

    def serve(self, spec: Spec, words: list[str]) -> int:
        """Serve the model until the end; return the exit code. `words` are the mode's arguments."""
