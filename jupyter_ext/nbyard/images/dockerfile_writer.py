"""Writes Dockerfiles. Equal input results in equal bytes, whatever its order.

A Dockerfile contains texts of users only if `check_recipe` has accepted them. It never contains the
packages of an environment.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import filterfalse

import jinja2

from nbyard.domain.environments.requirements import folder_of, hashes_of
from nbyard.domain.environments.structs import locked_trees
from nbyard.domain.images.structs import (
    MARKER,
    ImageSpec,
    add_digest_line,
    base_of,
    quote_for_dockerfile,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

REQUIREMENTS = "requirements.txt"
NOTEBOOKS = "notebooks.txt"
PACKAGES = "packages"
PLACE = "/opt/nbyard"
# The packages that the runner needs to execute notebooks.
NOTEBOOK_PACKAGES = ("ipykernel>=6.29,<8", "nbclient>=0.10,<1", "papermill>=2.6,<3")
# NVIDIA's images have no Python.
PYTHON_PACKAGES = ("python3", "python3-pip", "python3-venv")


def build_files(spec: ImageSpec) -> dict[str, str]:
    """Return the files of a build by name, including the Dockerfile.

    The requirements are installed last, so that their pinned versions win.

    Raises:
        Invalid: A requirement is in a folder of this machine, and no lock has the folder's files.
    """
    folders = sorted(locked_trees(spec.requirements))
    listed = [*filterfalse(folder_of, spec.requirements)]
    check_reach(listed)
    files: dict[str, str] = {}
    if spec.recipe.for_notebooks:
        files[NOTEBOOKS] = _lines(NOTEBOOK_PACKAGES)
    if listed:
        files[REQUIREMENTS] = _lines(listed)
    return {"Dockerfile": dockerfile_text(spec, files, folders), **files}


def check_reach(lines: Iterable[str], field: str = "requirements") -> None:
    """Check that no requirement is in a folder of this machine, which a build cannot access.

    Raises:
        Invalid: A requirement is in such a folder.
    """
    for line in lines:
        if " file:" in line:
            why = because("requirement-in-folder", requirement=line.partition(" --hash")[0])
            hint = because("upload-wheel")
            raise Invalid.field(field, why, hint=hint)


def hashed_files(files: Mapping[str, str]) -> list[str]:
    """Return the names of the requirements files with hashes.

    Their packages are installed even if they are present, because pip checks no hash of an
    installed package.
    """
    return [name for name, text in files.items() if any(map(hashes_of, text.splitlines()))]


def dockerfile_text(spec: ImageSpec, files: Mapping[str, str], folders: Sequence[str] = ()) -> str:
    """Return a Dockerfile that installs the files' requirements, and the folders in `packages`.

    Each becomes a layer in a build stage. The final user is not root.
    """
    recipe = spec.recipe
    added = PYTHON_PACKAGES if recipe.cuda and not recipe.base else ()
    made: str = _template().render(
        base=base_of(recipe, spec.base),
        place=PLACE,
        variables=sorted(recipe.variables.items()),
        labels=sorted(recipe.labels.items()),
        cuda=recipe.cuda,
        system_packages=sorted({*recipe.system_packages, *added}),
        build_packages=sorted(set(recipe.build_packages)),
        files=list(files),
        hashed=hashed_files(files),
        packages=PACKAGES,
        folders=folders,
        has_project=spec.has_project,
        uid=recipe.uid,
        gid=recipe.gid,
        marker=MARKER,
        install=_install,
        quoted=quote_for_dockerfile,
    )
    # The seal covers the generated lines only, because users may edit those below the marker.
    return add_digest_line(made) + recipe.own


@cache
def _template() -> jinja2.Template:
    text = resources.files("nbyard.images").joinpath("Dockerfile.j2").read_text("utf-8")
    made: jinja2.Template = jinja2.Template(
        text, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return made


def _install(packages: Sequence[str]) -> str:
    """Return a RUN instruction that installs Debian packages and leaves no package lists."""
    names = "".join(f"        {name} \\\n" for name in packages)
    return (
        "RUN apt-get update \\\n"
        "    && apt-get install --yes --no-install-recommends \\\n"
        f"{names}"
        "    && rm -rf /var/lib/apt/lists/*"
    )


def _lines(items: Sequence[str]) -> str:
    return "".join(f"{item}\n" for item in items)
