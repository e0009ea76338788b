"""Run a dispatcher in a thread of the testing process, and wait for its effects."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.loop import Dispatcher
from nbyard.host.wakeup import open_listener
from nbyard.settings import Settings

T = TypeVar("T")
PATIENCE_SECONDS = 60.0


class PausableDispatcher(Dispatcher):
    """A dispatcher that executes no round while `pause` is held."""

    def __init__(self, context: DispatchContext):
        super().__init__(context)
        self.pause = threading.Lock()

    def tick(self, *arguments: Any, **options: Any) -> bool:
        """Execute one round after the pause; see `Dispatcher.tick`."""
        with self.pause:
            return super().tick(*arguments, **options)


class Dispatching:
    """A dispatcher that runs during the block; started attempts continue afterwards."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.dispatcher = PausableDispatcher.open(settings)
        self._thread = threading.Thread(target=self.dispatcher.run, name="nbyard-dispatcher")

    def __enter__(self) -> "Dispatching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.dispatcher.stop()
        self._thread.join(PATIENCE_SECONDS)

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Prevent the dispatcher from starting work in the block."""
        with self.dispatcher.pause:
            yield

    def until(
        self, look: Callable[[], T], good: Callable[[T], Any], seconds: float = PATIENCE_SECONDS
    ) -> T:
        """Return what `look` returns once it is `good`; check after every change in the store."""
        end = time.monotonic() + seconds
        with open_listener(self.settings.store_path) as listener:
            while not good(current := look()):
                if time.monotonic() > end:
                    raise TimeoutError(f"still {current!r}")
                listener.wait(0.5)
        return current
