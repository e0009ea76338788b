"""Finds and copies the files of templates: installed, or in a checkout."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from jupyter_core.paths import jupyter_path

import nbyard

CHECKOUT = Path(nbyard.__file__).parents[2] / "examples"
# All templates share one lock.
LOCK = "penguins/requirements.txt"
# These renew the penguins example; they are not installed.
LEFT_OUT = ("get_data.py", "requirements.in")


def source(file: str) -> Path | None:
    """Return a file below the examples, such as `NAME/NAME.nbflow`, None if it is missing."""
    installed = (Path(place, file) for place in jupyter_path("nbyard-examples"))
    return next((place for place in (CHECKOUT / file, *installed) if place.is_file()), None)


@contextmanager
def copied_example(document: Path, parent: Path) -> Iterator[Path]:
    """Copy the template with this document into a new folder; yield the copy of the document.

    The folder is the first of `NAME`, `NAME-1`, … that does not exist. It is deleted if the block
    fails.
    """
    files = [file for file in document.parent.iterdir() if file.is_file()]
    name, lock = document.stem, source(LOCK)
    for number in count():
        folder = parent / (f"{name}-{number}" if number else name)
        with suppress(FileExistsError):
            folder.mkdir()
            break
    try:
        for file in (*files, *([lock] if lock else ())):
            if file.name not in LEFT_OUT:
                shutil.copyfile(file, folder / file.name)
        yield folder / document.name
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
