"""The text of a Dockerfile: equal input gives equal bytes, and no word of a user stands in it."""

from importlib import resources

import jinja2

REQUIREMENTS = "requirements.txt"
NOTEBOOKS = "notebooks.txt"
# What the runner needs where a notebook is executed.
NOTEBOOK_PACKAGES = ("ipykernel>=6.29,<8", "nbclient>=0.10,<1", "papermill>=2.6,<3")


def build_files(requirements: list[str], *, for_notebooks: bool) -> dict[str, str]:
    """The files of a build by name, the Dockerfile among them.

    The requirements are installed last, so that what they pin is what is there in the end.
    """
    files: dict[str, str] = {}
    if for_notebooks:
        files[NOTEBOOKS] = _lines(NOTEBOOK_PACKAGES)
    if requirements:
        files[REQUIREMENTS] = _lines(requirements)
    return {"Dockerfile": dockerfile(list(files)), **files}


def dockerfile(files: list[str]) -> str:
    """Installs what is listed in these files, one layer for each."""
    text = resources.files("nbyard.images").joinpath("Dockerfile.j2").read_text("utf-8")
    template = jinja2.Template(text, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return str(template.render(files=files))


def _lines(items: tuple[str, ...] | list[str]) -> str:
    return "".join(f"{item}\n" for item in items)
