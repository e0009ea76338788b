"""The packages of models that are nodes: installed in containers, looked for on this machine."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.requirements import (
    applies,
    hashes_of,
    is_named,
    name_of,
    read_requirements,
)
from nbyard.domain.images.structs import plain_name
from nbyard.errors import Invalid, NotFound
from nbyard.host.kernels import installed_kernels as kernels
from nbyard.kinds.model import read_model
from nbyard.reasons.structs import Reason, because
from nbyard.serving.batch import BatchMode
from nbyard.serving.protocol import PANDAS

if TYPE_CHECKING:
    from nbyard.domain.environments.references import UsedEnvironment
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.domain.models.structs import ModelFile
    from nbyard.freezing.executable_versions import Code
    from nbyard.freezing.freezing_context import FreezingContext

MODEL = "model"  # the kind of model files
MAX_LISTED = 5


class ModelPackages(msgspec.Struct, frozen=True):
    """The requirements of a model, as `text` for an image and as `lines`.

    `lines` are empty if a line is refused; the build of the image then names that line. `file` is
    the path of the requirements file on this machine, and `serving` what the serving code needs
    in addition.
    """

    name: str
    text: str
    lines: list[str]
    serving: list[str]
    file: str = ""


def packages_of_code(parts: FreezingContext, code: Code) -> ModelPackages:
    """Return the packages of a model file below the root.

    Raises:
        NotFound: its requirements file does not exist.
    """
    model = read_model(str(code.path), code.content)
    if not model.requirements_file:
        return _packages(parts, model, "\n".join(model.requirements))
    beside = str(parts.files.shown(code.folder))
    real = parts.files.locate(model.requirements_file, "requirements", beside)
    if not real.is_file():
        raise NotFound(because("no-requirements-file", path=model.requirements_file))
    text = parts.files.content(real).decode("utf-8", "replace")
    return _packages(parts, model, text, str(real))


def packages_of_version(parts: FreezingContext, version: ExecutableVersion) -> ModelPackages:
    """Return the packages of a stored version of a model.

    Raises:
        NotFound: its bundle has no such requirements file.
    """
    with parts.blobs.open(version.content_digest) as handle:
        model = read_model(version.file, handle.read())
    text = "\n".join(model.requirements)
    if model.requirements_file:
        digest = bundled_file(parts, version, model.requirements_file)
        with parts.blobs.open(digest) as handle:
            text = handle.read().decode("utf-8", "replace")
    return _packages(parts, model, text)


def bundled_file(parts: FreezingContext, version: ExecutableVersion, requirements: str) -> str:
    """Return the digest of a requirements file in the bundle of a version, beside its code.

    Raises:
        NotFound: the bundle has no such file.
    """
    path = os.path.normpath(os.path.join(os.path.dirname(version.file), requirements))
    for entry in parts.blobs.tree(version.bundle_digest).files:
        if entry.path == path:
            return entry.digest
    raise NotFound(because("no-requirements-in-bundle", path=requirements, file=version.file))


def missing_packages(
    parts: FreezingContext, packages: ModelPackages, used: UsedEnvironment | None
) -> Reason | None:
    """Return the reason that names the packages which a local process would not find.

    The process uses the environment, or the interpreter that runs nbyard. Other versions of the
    packages than the required ones are no problem.
    """
    installed = _installed(parts, used)
    missing = [
        line
        for line in (*packages.serving, *packages.lines)
        if is_named(line) and applies(line) and name_of(line) not in installed
    ]
    if not missing:
        return None
    if used:
        verb, environment, requirements = "install", used.name, missing
    else:
        verb, environment = "create", plain_name(packages.name, MODEL)
        from_file = ["-r", packages.file] if packages.file else packages.lines
        requirements = [*from_file, *packages.serving]
    without_hashes = [line.partition(" --hash")[0] for line in requirements]
    return because(
        "model-packages-missing",
        packages=[line.partition(" --hash")[0] for line in missing[:MAX_LISTED]],
        command=shlex.join(["nbyard", "environments", verb, environment, *without_hashes]),
        environment=environment,
    )


def _packages(parts: FreezingContext, model: ModelFile, text: str, file: str = "") -> ModelPackages:
    serving = [PANDAS, *BatchMode.requirements]
    sources = AllowedSources.parse(parts.settings.allowed_package_sources)
    try:
        lines = read_requirements(text, sources)
    except Invalid:
        return ModelPackages(model.name, f"{text.rstrip()}\n", [], serving, file)
    # The model's own lines win. pip wants hashes for all packages or for none.
    names = {name_of(line) for line in lines if is_named(line)}
    has_hashes = any(map(hashes_of, lines))
    serving = [line for line in serving if name_of(line) not in names and not has_hashes]
    text = "".join(f"{line}\n" for line in [*lines, *serving])
    return ModelPackages(model.name, text, lines, serving, file)


def _installed(parts: FreezingContext, used: UsedEnvironment | None) -> set[str]:
    """Return the normal names of the installed packages of an environment or interpreter."""
    interpreter = ""
    if used:
        with parts.store.read() as c:
            version = parts.store.environments.version(c, used.version_id)
        assert version is not None
        interpreter = f"{version.place}/bin/python"
        # The folder of an environment is evicted while no task uses the environment.
        if not (version.place and Path(interpreter).is_file()):
            return {name_of(package.name) for package in version.packages}
    return {name_of(name) for name in kernels.python_interpreter(interpreter).versions}
