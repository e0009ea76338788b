"""The image of a revision stays what it was when the revision was first started."""

from collections.abc import Callable

from nbyard.dockerd import Engine, Say
from nbyard.domain.rollouts import another_image
from nbyard.errors import NbyardError


def pinned(engine: Engine, name: str, known: str, say: Say, wanted: Callable[[], bool]) -> str:
    """The id of an image, which is fetched when it is not here; `known` is the one of before.

    Raises:
        NbyardError: it cannot be fetched, or the name means another image by now.
        Stopped: it is not wanted any more.
    """
    if known and engine.image_id(known):
        return known
    if not engine.image_id(name):
        engine.pull(name, say, wanted)
    found = engine.image_id(name)
    if known and found != known:
        raise NbyardError(another_image(name, known))
    return found
