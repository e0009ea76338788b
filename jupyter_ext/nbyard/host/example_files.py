"""The files of the penguins example: installed with the package, or in a checkout."""

import shutil
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
    """Return the folder with the files; None if this installation lacks them."""
    installed = (Path(place) for place in jupyter_path("nbyard-examples", "penguins"))
    places = (CHECKOUT, *installed)
    return next((place for place in places if (place / FILES[0]).is_file()), None)


def copy_example(source: Path, parent: Path, name: str) -> Path:
    """Copy the example into a new folder `name`, `name-1`, … and return the folder."""
    for number in count():
        folder = parent / (f"{name}-{number}" if number else name)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        for file in FILES:
            shutil.copyfile(source / file, folder / file)
        return folder
    raise AssertionError
