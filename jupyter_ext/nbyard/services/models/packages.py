"""Builds model packages from files: a model file or a class, and the files that belong to it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.requirements import read_requirements
from nbyard.domain.images.structs import BUILD_LOG, image_folder
from nbyard.domain.inspection.python_calls import parse_python
from nbyard.domain.models.model_classes import class_names, read_class
from nbyard.domain.models.structs import (
    HTTP,
    MLFLOW_FILE,
    MODEL_FILES,
    ModelFile,
    ModelPackage,
    NewModel,
    RunOutput,
)
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.host.project_files import MAX_DOCUMENT
from nbyard.kinds.model import check_class, read_model
from nbyard.logs.log_files import has_more_than
from nbyard.reasons.structs import because
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Store

REQUIREMENTS = "requirements.txt"
MAX_LISTED = 5


class Package(msgspec.Struct, frozen=True):
    """The parts of a model image.

    `path` is the file that describes the model, "" for an output of a run.
    """

    model: ModelFile
    bundle_digest: str
    path: str = ""
    source: RunOutput | None = None


def package_of_folder(context: ServiceContext, body: NewModel) -> Package:
    """Return the package of a folder that has a model file.

    The requested path may be that file.

    Raises:
        NotFound: The folder does not exist.
        Invalid: The folder has no model file, or a field of the file is wrong.
        TooLarge: The folder is too large. The error names the largest files.
    """
    folder, file = _locate(context, body)
    model = read_folder(context, folder, file)
    cap = context.settings.max_bundle_bytes
    bundle = bundles.collect_folder(folder, context.blobs, cap)
    return Package(model, bundle, str(context.files.shown(file)))


def file_of_model(context: ServiceContext, body: NewModel) -> tuple[str, list[str]]:
    """Return the path of the file that describes a model, and the model classes of a Python file.

    Raises:
        NotFound: The file does not exist.
        Invalid: The folder has no model file, or the Python file is not valid.
    """
    if not is_class_file(body):
        return str(context.files.shown(_locate(context, body)[1])), []
    real = context.files.locate(body.path)
    return str(context.files.shown(real)), class_names(context.files.content(real), real.name)


def is_class_file(body: NewModel) -> bool:
    """Return whether the request is for a class in a Python file, not for a model file."""
    return body.path.lower().endswith(".py") and not body.file


def _locate(context: ServiceContext, body: NewModel) -> tuple[Path, Path]:
    """Return the folder of a model and its model file.

    A named model file may be outside the folder.
    """
    files = context.files
    folder = files.locate(body.path)
    if not body.file and folder.is_file() and folder.name in (*MODEL_FILES, MLFLOW_FILE):
        return folder.parent, folder
    if not folder.is_dir():
        raise NotFound(f"There is no folder {body.path[:200]}.")
    if body.file:
        beside = "" if body.file.startswith("/") else files.shown(folder)
        return folder, files.locate(body.file, "file", str(beside))
    file = model_file_in(folder)
    if file is None:
        known = [*MODEL_FILES, MLFLOW_FILE]
        raise Invalid.field("file", f"{body.path[:200]} contains none of {', '.join(known)}")
    return folder, file


def model_file_in(folder: Path) -> Path | None:
    """Return the first known model file in a folder, or None."""
    places = (folder / name for name in (*MODEL_FILES, MLFLOW_FILE))
    return next((place for place in places if place.is_file()), None)


def read_folder(context: ServiceContext, folder: Path, file: Path) -> ModelFile:
    """Read a model file, and check what it refers to in the folder.

    Return it with its requirements.

    Raises:
        Invalid: A field of the model file is wrong. The error names the field.
    """
    from nbyard.images.model_images import serving_of

    model = read_model(str(file), context.files.content(file, folder=folder))
    if model.module:
        check_class(folder, model, file.name)
    serving_of(model.mode, f"{file.name}.deployment.mode")
    text = "\n".join(model.requirements)
    if model.requirements_file:
        place = folder / model.requirements_file
        # `..` or a link could name a file elsewhere, whose text an error would then quote.
        if not place.resolve().is_relative_to(folder) or not place.is_file():
            why = f"there is no file {model.requirements_file} in the folder"
            raise Invalid.field(f"{file.name}.requirements", why)
        text = context.files.content(place, folder=folder).decode("utf-8", "replace")
    lines = checked_lines(context, text, f"{file.name}.requirements")
    return msgspec.structs.replace(model, requirements=lines)


def checked_lines(context: ServiceContext, text: str, where: str) -> list[str]:
    """Return the requirements in a text, after checking that an image may install them.

    Raises:
        Invalid: A requirement is refused. The error quotes its line.
    """
    from nbyard.images.dockerfile_writer import check_reach

    lines = read_requirements(text, AllowedSources.parse(context.settings.allowed_package_sources))
    check_reach(lines, where)
    return lines


def package_of_class(context: ServiceContext, body: NewModel) -> Package:
    """Return the package of a class with `predict` in a Python file.

    The package has the files beside that file, or those of its project. The requirements come from
    a requirements.txt beside the file. Without one, they are the imported packages in the versions
    that are installed here.

    Raises:
        NotFound: The file does not exist.
        Invalid: The class does not declare its columns, or imports packages not installed here. The
            error names all of that.
        TooLarge: The files are too large. The error names the largest ones.
    """
    files = context.files
    real = files.locate(body.path)
    content = files.content(real)
    modules = _modules(real, content)
    named = sorted({place.relative_to(real.parent).as_posix() for place in modules})
    refused: list[Invalid] = []
    try:
        model = read_class(content, real.name, body.class_name)
        # The container imports the class by its module's name.
        if not model.module.isidentifier():
            why = f"{real.name} cannot be imported: its name is not a valid Python name"
            raise Invalid.field("path", why)
    except Invalid as error:
        refused.append(error)
    try:
        beside = real.parent / REQUIREMENTS
        # A requirements file is explicit; imports are only a guess.
        if beside.is_file():
            text = files.content(beside).decode("utf-8", "replace")
        else:
            text = _imported_packages(real.name, modules, named)
        lines = checked_lines(context, text, f"{real.name}.requirements")
    except Invalid as error:
        refused.append(error)
    if refused:
        hint = "\n\n".join(error.hint for error in refused if error.hint)
        raise Invalid.fields([each for error in refused for each in error.details], hint=hint)
    cap = context.settings.max_bundle_bytes
    bundle = bundles.store_bundle(
        bundles.pick_files(real, files.root, cap, named), context.blobs, cap
    )
    model = msgspec.structs.replace(
        model, src=posixpath.dirname(bundle.file) or ".", requirements=lines
    )
    return Package(model, bundle.digest, str(files.shown(real)))


def _imported_packages(name: str, modules: Mapping[Path, bytes], named: Sequence[str]) -> str:
    """Return requirement lines for the packages that modules import, in the installed versions."""
    from nbyard.serving.installed_packages import imports_of, required_packages

    imports = [imports_of(parse_python(source, file.name)) for file, source in modules.items()]
    # `helper.py` and `tools/sub.py` are the own modules `helper` and `tools`.
    own = {path.partition("/")[0].removesuffix(".py") for path in named}
    imported = {module for file_imports in imports for module in file_imports.modules}
    packages = required_packages(
        module for module in imported if module.partition(".")[0] not in own
    )
    if missing := [*packages.unknown, *packages.elsewhere]:
        why = (
            f"imports {', '.join(missing[:MAX_LISTED])}, which no installed package from an index"
            " provides"
        )
        lines = "\n".join(f"    {module}" for module in missing)
        hint = f"List the required packages in a {REQUIREMENTS} next to it:\n\n{lines}"
        raise Invalid.field(f"{name}.requirements", why, hint=hint)
    return "\n".join(packages.lines)


def _modules(real: Path, content: bytes) -> dict[Path, bytes]:
    """Return a file and the local modules that it imports, at any depth, with their contents."""
    from nbyard.serving.installed_packages import imports_of

    modules, todo = {real: content}, [real]
    while todo:
        file = todo.pop()
        imports = imports_of(parse_python(modules[file], file.name))
        names = [(real.parent, name) for name in imports.modules | imports.tried]
        for name in imports.near:
            plain = name.lstrip(".")
            above = [*file.parents]
            # One dot is the folder of the file, each further dot the folder above.
            level = min(len(name) - len(plain), len(above))
            names.append((above[level - 1], plain))
        for base, name in names:
            for place in _module_files(base, name):
                if place not in modules and place.is_relative_to(real.parent):
                    modules[place] = place.read_bytes()
                    todo.append(place)
    return modules


def _module_files(base: Path, name: str) -> list[Path]:
    """Return the files that Python loads for a local module: its own, and those of its packages."""
    places, place = [], base
    for part in name.split("."):
        place = place / part
        for file in (place.with_name(f"{part}.py"), place / "__init__.py"):
            # Links could lead out of the folder, and huge files are no hand-written code.
            if file.is_file() and not file.is_symlink() and file.stat().st_size <= MAX_DOCUMENT:
                places.append(file)
    return places


def deployable_model(store: Store, caller: Caller, image: str) -> ModelPackage | None:
    """Return the model with the reference `image`, None if there is no such model.

    That of another user's model becomes the ID of its image: names are those of their owner.

    Raises:
        Conflict: The image of another user's model is not ready.
        Invalid: The model does not answer requests, or its image was not built.
    """
    with store.read() as c:
        model = store.models.find(c, caller.name, image) if image else None
    if model is None:
        return None
    if model.mode != HTTP:
        why = f"the model '{model.name}' cannot be deployed: in mode {model.mode}, it runs once"
        raise Invalid.field("image", why, hint=f"nbyard models run -n {model.name!r}")
    if model.state == "failed":
        cause = model.reason or "the cause is not recorded"
        why = f"{model.reference} was not built: {cause}"
        # The hint names the log only if the log says more than the cause.
        has_more = has_more_than(store.folder / image_folder(model.image) / BUILD_LOG, str(cause))
        hint = "Deploying it again repeats the build."
        if has_more:
            hint = (
                "The log of the image shows why (in a shell: nbyard images log"
                f" {model.reference}). {hint}"
            )
        raise Invalid.field("image", why, hint=hint)
    if model.owner == caller.name:
        return model
    if model.state != "ready":
        raise Conflict(because("image-not-built-yet", image=model.reference))
    return msgspec.structs.replace(model, reference=model.image_id)
