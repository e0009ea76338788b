"""The interface of runtimes, which run attempts (entry point group `nbyard.runtimes`).

Every runtime has the methods of `Runtime`. What else a runtime may offer is a protocol of its own
in `OPTIONAL`. The dispatcher uses such a method where the runtime has it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import msgspec

from nbyard.domain.environments.structs import Lock
from nbyard.reasons.structs import Reason
from nbyard.settings import Settings

if TYPE_CHECKING:
    from nbyard.dockerd import Engine, OwnedObject, Say

# Engine, folder of a bundle, its Dockerfile, log → image
CodeImage = Callable[["Engine", Path, str, "Say"], str]
# Engine, base image, text of the requirements file, whether notebooks run in it, log → image
ImageFor = Callable[["Engine", str, str, bool, "Say"], str]
# what `nbyard.runner.process.path_states.describe_paths` returns for a path
PathState = Sequence[Any]


class Order(msgspec.Struct, frozen=True):
    """All that a runtime may know about an attempt. Runtimes never see the store.

    - `folder`: the attempt folder, with task.json in it.
    - `site`: what `start` of this runtime returned earlier, "" before.
    - `image`, `requirements`: for containers only. `requirements` is a file inside `code/`,
      relative to the attempt folder.
    - `gpu`: how many GPUs the attempt requests.
    - `gpus`: the GPUs of this machine that it was granted, by index or UUID.
    - `warm`: whether it may share what its run keeps warm.
    - `priority`: a higher one comes first where attempts wait elsewhere.
    - `ports`: ports of a container that must be reachable from its engine's machine.
    - `offline`: the attempt gets no network.
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
    caps: tuple[int, int] = (0, 0)


class Observation(msgspec.Struct, frozen=True):
    """The state of an attempt as its runtime sees it.

    - `absent`: it was never started here.
    - `starting`: with a `reason`, it waits for its turn. That has a limit where the runtime queues
      itself.
    - `running`: with a `reason`, its engine does not respond at the moment.
    - `finished`: result.json is in the folder.
    - `lost`: it was started and is gone without a result. `reason` is why (its container was
      removed from outside).
    - `unbegun`: it was started, but was dropped from the queue before it began. `start` sends it
      again.
    """

    state: Literal["absent", "starting", "unbegun", "running", "finished", "lost"]
    reason: Reason | None = None


class Runtime(Protocol):
    """Four operations, idempotent by attempt ID, and a sweep. They may block; threads call them.

    The dispatcher calls `open` before its first order and `close` after the last.
    """

    name: str
    queues_itself: bool
    """Whether the work is done elsewhere, so that it takes no slots of this machine."""

    def open(self, store_id: str) -> None:
        """Prepare for orders of this store. Return at once."""

    def close(self) -> None:
        """Release all resources. Running attempts continue."""

    def start(self, order: Order) -> str:
        """Start the attempt unless it is running already. Return its site.

        An `unbegun` attempt is sent again. If both then begin, one of them gives way.

        Raises:
            Unavailable: The engine cannot be reached (the task waits).
            NbyardError: The attempt can never start. The message is the reason of the failure.
        """

    def poll(self, order: Order) -> Observation:
        """Return the state of the attempt."""

    def logs(self, order: Order) -> None:
        """Update log, events and executed notebook in the folder."""

    def stop(self, order: Order, reason: Reason) -> None:
        """Ask the work to stop, kill it after its grace (3 s), clean up. Return at once."""

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Remove what carries this store's label but belongs to no live attempt."""


@runtime_checkable
class MadeFromSettings(Protocol):
    """A class of runtimes with settings. Without it, the class is called without arguments."""

    def from_settings(self, settings: Settings) -> Runtime:
        """Create the runtime. This is a class method."""


@runtime_checkable
class EndsRuns(Protocol):
    """A runtime that keeps something for the next attempt of a run, such as warm containers."""

    def end_run(self, run_id: str) -> None:
        """Free what is kept for the run: it has ended. May be called again.

        Raises:
            Unavailable: The engine cannot be reached. The dispatcher tries again.
        """


@runtime_checkable
class KnowsPackages(Protocol):
    """A runtime whose work uses packages that are installed elsewhere. Results depend on them."""

    def locks(self) -> list[Lock]:
        """Return the installed packages where the work is done, each environment once.

        Raises:
            Unavailable: They are not known yet. Tasks wait with this message.
        """


@runtime_checkable
class KnowsPaths(Protocol):
    """A runtime whose work opens absolute paths of other machines. Results depend on them."""

    def path_states(self, paths: Sequence[str]) -> Sequence[Mapping[str, PathState]]:
        """Return the states of the paths on each machine where the work may run.

        Raises:
            Unavailable: The machines do not answer. The tasks run.
        """


@runtime_checkable
class KnowsImages(Protocol):
    """A runtime whose work runs in container images. Results depend on them."""

    def image_id(self, name: str) -> str:
        """Return the engine's ID of an image, or "" if the image is missing.

        Raises:
            Unavailable: The engine does not respond.
        """


@runtime_checkable
class NeedsImages(Protocol):
    """A runtime that needs images of requirements files and Dockerfiles."""

    def build_images_with(self, image_for: ImageFor, code_image: CodeImage) -> None:
        """Use these functions to build images. Called once, before the first order."""


@runtime_checkable
class ListsObjects(Protocol):
    """A runtime on the engine of the settings, which also has the containers of deployments."""

    def report_objects_to(self, report: "Callable[[list[OwnedObject]], None]") -> None:
        """Call `report` in each sweep with all objects of the store on that engine."""


OPTIONAL = (
    *(MadeFromSettings, EndsRuns, KnowsPackages, KnowsPaths),
    *(KnowsImages, NeedsImages, ListsObjects),
)
