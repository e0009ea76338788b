"""The interface of runtimes, which run attempts (entry point group `nbyard.runtimes`).

Every runtime has the methods of `Runtime`. Each protocol in `OPTIONAL` has further methods, which
the dispatcher calls if a runtime has them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast, runtime_checkable

import msgspec

from nbyard.domain.environments.structs import Lock
from nbyard.domain.users.isolation import ISOLATED
from nbyard.errors import PolicyRefused
from nbyard.host.entry_points import entry_points_of, find_entry_point
from nbyard.reasons.structs import Reason, because
from nbyard.settings import Settings

if TYPE_CHECKING:
    from nbyard.dockerd import OwnedObject

# Engine, folder of a bundle, its Dockerfile, log, `owner_key=` → image
CodeImage = Callable[..., str]
# (engine, base image, requirements text, for notebooks?, log function, `owner_key=`) → image name
ImageFor = Callable[..., str]
# what `nbyard.runner.process.path_states.describe_paths` returns for a path
PathState = Sequence[Any]
GROUP = "nbyard.runtimes"


class Order(msgspec.Struct, frozen=True):
    """Everything that a runtime may know about an attempt.

    Runtimes have no access to the store.

    - `folder`: the attempt folder, which contains task.json.
    - `mark`: the text that identifies the attempt's processes (NBYARD_MARK).
    - `site`: what `start` of this runtime returned earlier, "" before.
    - `image`, `requirements`: for containers only. `requirements` is a file inside `code/`,
      relative to the attempt folder.
    - `gpu`: how many GPUs the attempt requests.
    - `gpus`: the GPUs of this machine that were granted, by index or UUID.
    - `warm`: whether the attempt may share processes or containers that its run keeps warm.
    - `priority`: attempts with a higher one start first if the runtime queues them.
    - `ports`: ports of a container that its engine's machine must be able to reach.
    - `offline`: whether the attempt has no network.
    - `owner_key`: on a shared store, what sets the images of an owner apart from those of others.
    - `caps`: limits in bytes and files for fetching what the work writes beside its outputs.
    """

    attempt_id: str
    store_id: str
    run_id: str
    node_id: str
    folder: Path
    mark: str
    site: str = ""
    image: str = ""
    requirements: str = ""
    cpu: float | None = None
    memory_bytes: int | None = None
    gpu: int | None = None
    gpus: list[str] = []
    warm: bool = False
    ports: list[int] = []
    priority: float = 0.0
    offline: bool = False
    owner_key: str = ""
    caps: tuple[int, int] = (0, 0)


class Observation(msgspec.Struct, frozen=True):
    """The state of an attempt as its runtime sees it.

    - `absent`: the attempt was never started here.
    - `starting`: the attempt is being started. With a `reason`, it waits for its turn. The wait
      has a limit if the runtime queues attempts itself.
    - `running`: the work runs. With a `reason`, its engine does not respond at the moment.
    - `finished`: result.json is in the folder.
    - `lost`: the attempt was started and is gone without a result. `reason` says why, such as a
      container that was removed from outside.
    - `unbegun`: the attempt was dropped from a queue before it began. `start` submits it again.
    """

    state: Literal["absent", "starting", "unbegun", "running", "finished", "lost"]
    reason: Reason | None = None


class Runtime(Protocol):
    """Starts, polls, reads and stops attempts, and sweeps up what attempts have left.

    All methods can be called again with the same attempt. They may block, so threads call them. The
    dispatcher calls `open` before its first order and `close` after the last.
    """

    name: str
    queues_itself: bool
    """Whether the work is done elsewhere, so that it takes no slots of this machine."""

    def open(self, store_id: str) -> None:
        """Prepare for orders of this store. This returns at once."""

    def close(self) -> None:
        """Release all resources. Running attempts continue."""

    def start(self, order: Order) -> str:
        """Start the attempt, unless it is running already. Return its site.

        An `unbegun` attempt is submitted again. If it then begins twice, one of them ends at once.

        Raises:
            Unavailable: The engine cannot be reached, so the task waits.
            NbyardError: The attempt can never start. The message is the reason of the failure.
        """

    def poll(self, order: Order) -> Observation:
        """Return the state of the attempt."""

    def logs(self, order: Order) -> None:
        """Update log, events and executed notebook in the attempt folder."""

    def stop(self, order: Order, reason: Reason) -> None:
        """Request the end of the work, kill it after its grace period (3 s), and clean up.

        This returns at once. `reason` becomes the reason of the attempt's failure.
        """

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Remove everything of this store that belongs to no attempt in `live`.

        Return descriptions of what was removed.
        """


@runtime_checkable
class MadeFromSettings(Protocol):
    """A runtime class that needs settings. Other classes are called without arguments."""

    def from_settings(self, settings: Settings) -> Runtime:
        """Create the runtime. This is a class method."""


@runtime_checkable
class PreparesNotebooks(Protocol):
    """A runtime that starts notebooks faster after a preparation."""

    def prepare_notebooks(self, store_id: str) -> None:
        """Prepare for notebooks. The dispatcher calls this after `open`, if the store has any."""


@runtime_checkable
class EndsRuns(Protocol):
    """A runtime that keeps something for the next attempts of a run, such as warm containers."""

    def end_run(self, run_id: str) -> None:
        """Free what was kept for a run that has ended. This may be called again.

        Raises:
            Unavailable: The engine cannot be reached. The dispatcher tries again.
        """


@runtime_checkable
class KnowsPackages(Protocol):
    """A runtime that runs work with packages of another machine or image.

    Results depend on them.
    """

    def locks(self) -> list[Lock]:
        """Return the packages where the work runs, each distinct set once.

        Raises:
            Unavailable: They are not known yet. Tasks wait with this message.
        """


@runtime_checkable
class KnowsPaths(Protocol):
    """A runtime that runs work on other machines.

    Results depend on files that the work opens there.
    """

    def path_states(self, paths: Sequence[str]) -> Sequence[Mapping[str, PathState]]:
        """Return the states of these absolute paths on each machine where the work may run.

        Raises:
            Unavailable: The machines do not answer. The tasks run without using the cache.
        """


@runtime_checkable
class KnowsImages(Protocol):
    """A runtime that runs work in container images. Results depend on them."""

    def image_id(self, name: str) -> str:
        """Return the engine's ID of an image, or "" if the image is missing.

        Raises:
            Unavailable: The engine does not respond.
        """


@runtime_checkable
class NeedsImages(Protocol):
    """A runtime that needs images built for requirements files and Dockerfiles."""

    def build_images_with(self, image_for: ImageFor, code_image: CodeImage) -> None:
        """Set the functions that build images.

        The dispatcher calls this once, before the first order.
        """


@runtime_checkable
class ListsObjects(Protocol):
    """A runtime on the engine of the settings, where the containers of deployments run, too."""

    def report_objects_to(self, report: "Callable[[list[OwnedObject]], None]") -> None:
        """Set a function to call in each sweep with all objects of the store on that engine."""


OPTIONAL = (
    *(MadeFromSettings, PreparesNotebooks, EndsRuns, KnowsPackages),
    *(KnowsPaths, KnowsImages, NeedsImages, ListsObjects),
)


def load_all(settings: Settings) -> dict[str, Runtime]:
    """Create all installed runtimes, by name; for a shared store, those that isolate users."""
    names = entry_points_of(GROUP)
    return {n: load_one(settings, n) for n in names if n in ISOLATED or not settings.shared}


def load_one(settings: Settings, name: str) -> Runtime:
    """Create the runtime with this name, with these settings.

    Raises:
        Invalid: No installed package has a runtime with this name.
        PolicyRefused: A shared store has no such runtime.
    """
    if settings.shared and name not in ISOLATED:
        raise PolicyRefused(because("runtime-off", node=name, runtime=name))
    cls = find_entry_point(GROUP, name, "runtime").load()
    made = cls.from_settings(settings) if isinstance(cls, MadeFromSettings) else cls()
    return cast(Runtime, made)
