"""When an attempt has to be over: the engine's clock counts, for its containers have no other."""

import threading
from collections.abc import Callable

from nbyard.dockerd import Engine


def deadline(engine: Engine, at: float, act: Callable[[], None]) -> threading.Timer:
    """Have this done at a time of the engine's, unless it is cancelled before."""
    clock = threading.Timer(max(0.0, at - engine.fresh_info().now), act)
    clock.daemon = True
    clock.start()
    return clock
