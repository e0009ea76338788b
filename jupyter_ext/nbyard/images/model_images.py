"""Writes the files to build a model's image: the model, its server and the Dockerfile.

Equal models result in equal bytes.
"""

import importlib
import json
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple, cast

import jinja2

from nbyard.domain.images.structs import NOBODY
from nbyard.domain.models.structs import ModelFile, model_json
from nbyard.errors import Invalid
from nbyard.host.entry_points import entry_points_of
from nbyard.images.dockerfile_writer import PLACE, REQUIREMENTS, hashed_files
from nbyard.reasons.structs import because
from nbyard.serving.protocol import PANDAS, Mode

GROUP = "nbyard.serving"
OWN = "nbyard.serving"
# how text tables are written
SHARED = "runner/handoff/text_format.py"
SERVING = "serving.txt"
MODEL_FOLDER = "model"
ALONE = '"""Where models are served there is nothing of nbyard but what serves them."""\n'


class Serving(NamedTuple):
    """A serving mode from the entry points.

    `reference` is the entry point, to load it in the image.
    """

    mode: Mode
    reference: str


@cache
def serving_modes() -> dict[str, Serving]:
    return {
        name: Serving(cast(Mode, point.load()()), point.value)
        for name, point in entry_points_of(GROUP).items()
    }


def serving_of(mode: str, where: str = "mode") -> Serving:
    """Return the serving mode with this name.

    Raises:
        Invalid: No installed package has such a mode.
    """
    serving = serving_modes().get(mode)
    if serving is None:
        wanted, known = repr(mode[:40]), sorted(serving_modes())
        if not known:
            raise Invalid.field(where, because("no-serving-modes", mode=wanted))
        raise Invalid.field(where, because("no-serving-mode", mode=wanted, known=known))
    return serving


def model_files(model: ModelFile, base: str) -> dict[str, str]:
    """Return the files of a build by name, including the Dockerfile.

    The model's folder is `model`, beside these files.
    """
    serving = serving_of(model.mode)
    needed = [PANDAS, *serving.mode.requirements]
    files = {
        SERVING: "".join(f"{line}\n" for line in sorted(needed)),
        "model.json": json.dumps(model_json(model), indent=2, sort_keys=True) + "\n",
        **{f"lib/{path}": text for path, text in serving_sources(serving.reference).items()},
    }
    if model.requirements:
        files[REQUIREMENTS] = "".join(f"{line}\n" for line in model.requirements)
    listed = {name: files[name] for name in (SERVING, REQUIREMENTS) if name in files}
    text = resources.files("nbyard.images").joinpath("Model.j2").read_text("utf-8")
    template = jinja2.Template(text, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    dockerfile: str = template.render(
        base=base,
        place=PLACE,
        files=list(listed),
        hashed=hashed_files(listed),
        mode=serving.reference,
        port=serving.mode.port,
        nobody=NOBODY,
    )
    return {"Dockerfile": dockerfile, **files}


@cache
def serving_sources(reference: str = "") -> dict[str, str]:
    """Return the sources of the server by path.

    They include the package of `reference`, if that is not part of nbyard.
    """
    top = reference.partition(":")[0].partition(".")[0]
    names = {OWN} | ({top} if top not in ("", "nbyard") else set())
    sources = {
        f"{name.replace('.', '/')}/{path}": text
        for name in sorted(names)
        for path, text in _sources(resources.files(importlib.import_module(name)))
    }
    shared = resources.files("nbyard").joinpath(SHARED).read_text("utf-8")
    # The real package would import modules that the image does not have.
    return {"nbyard/__init__.py": ALONE, **sources, f"nbyard/{SHARED}": shared}


def _sources(folder: Traversable, inside: str = "") -> list[tuple[str, str]]:
    sources = []
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir() and entry.name != "__pycache__":
            sources += _sources(entry, f"{inside}{entry.name}/")
        elif entry.name.endswith(".py"):
            sources.append((inside + entry.name, entry.read_text("utf-8")))
    return sources
