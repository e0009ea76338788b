"""Finds and copies the files of the penguins example: installed, or in a checkout."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from jupyter_core.paths import jupyter_path

import nbyard

FILES = (
    *("penguins.nbflow", "penguins.csv", "clean.ipynb", "train.ipynb", "report.ipynb"),
    *("evaluate.py", "evaluate.py.nbexec", "requirements.txt", ".nbyardignore"),
)
CHECKOUT = Path(nbyard.__file__).parents[2] / "examples" / "penguins"


def source() -> Path | None:
    """Return the folder with the example's files, None if this installation lacks them."""
    installed = (Path(place) for place in jupyter_path("nbyard-examples", "penguins"))
    places = (CHECKOUT, *installed)
    return next((place for place in places if (place / FILES[0]).is_file()), None)


@contextmanager
def copied_example(source: Path, parent: Path, name: str) -> Iterator[Path]:
    """Copy the example into a new folder, which is deleted if the block fails.

    The folder is the first of `name`, `name-1`, … that does not exist.
    """
    for number in count():
        folder = parent / (f"{name}-{number}" if number else name)
        with suppress(FileExistsError):
            folder.mkdir()
            break
    try:
        for file in FILES:
            shutil.copyfile(source / file, folder / file)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
