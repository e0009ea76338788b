"""The packages of models that are nodes: installed in containers, looked for on this machine."""

from __future__ import annotations

import os
import shlex
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
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.domain.runs.planning import raise_problems, runtime_of
from nbyard.domain.workflows.active_nodes import active_part
from nbyard.domain.workflows.structs import Problem
from nbyard.errors import Forbidden, Invalid, NotFound, TooLarge
from nbyard.freezing.imported_packages import MODEL, installed_packages
from nbyard.freezing.node_problems import problem_of
from nbyard.kinds.model import read_model
from nbyard.reasons.structs import Reason, because
from nbyard.serving.batch import BatchMode
from nbyard.serving.protocol import PANDAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbyard.domain.environments.references import UsedEnvironment
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.domain.models.structs import ModelFile
    from nbyard.domain.runs.planning import Resolved, RunOverrides
    from nbyard.domain.workflows.structs import Document
    from nbyard.errors import NbyardError
    from nbyard.freezing.executable_versions import Code
    from nbyard.freezing.freezing_context import FreezingContext

MAX_LISTED = 5
# What the serving code needs, by normal name. `name_of` would import the grammar of packages.
SERVING = {line.partition(">=")[0]: line for line in (PANDAS, *BatchMode.requirements)}
UNREADABLE = (NotFound, Invalid, TooLarge, Forbidden)


class ModelPackages(msgspec.Struct, frozen=True):
    """The requirements of a model, as `text` for an image and as `lines`.

    `lines` are empty if a line is refused; the build of the image then names that line. `file` is
    the path of the requirements file on this machine, and `serving` what the serving code needs
    in addition. `unread` is why the requirements file cannot be read.
    """

    name: str
    text: str
    lines: list[str]
    serving: list[str]
    file: str = ""
    unread: Reason | None = None


class PackageProblems(msgspec.Struct, frozen=True):
    """What blocks a node of a model: in `process`, and in a `container` without an image."""

    process: Reason | None = None
    container: Reason | None = None


def packages_of_code(context: FreezingContext, code: Code) -> ModelPackages:
    """Return the packages of a model file below the root."""
    model = read_model(str(code.path), code.content)
    if not model.requirements_file:
        return _packages(context, model, "\n".join(model.requirements))
    try:
        path = model.requirements_file
        real = context.files.locate(path, "requirements", str(context.files.shown(code.folder)))
        if not real.is_file():
            missing = NotFound(f"There is no requirements file {path}.")
            return _without_file(context, model, missing)
        text = context.files.content(real).decode("utf-8", "replace")
    except UNREADABLE as error:
        return _without_file(context, model, error)
    return _packages(context, model, text, str(real))


def packages_of_version(context: FreezingContext, version: ExecutableVersion) -> ModelPackages:
    """Return the packages of a stored version of a model."""
    with context.blobs.open(version.content_digest) as handle:
        model = read_model(version.file, handle.read())
    text = "\n".join(model.requirements)
    if model.requirements_file:
        try:
            digest = bundled_file(context, version, model.requirements_file)
        except NotFound as error:
            return _without_file(context, model, error)
        with context.blobs.open(digest) as handle:
            text = handle.read().decode("utf-8", "replace")
    return _packages(context, model, text)


def _without_file(context: FreezingContext, model: ModelFile, error: NbyardError) -> ModelPackages:
    return msgspec.structs.replace(_packages(context, model, ""), unread=problem_of(error))


def bundled_file(context: FreezingContext, version: ExecutableVersion, requirements: str) -> str:
    """Return the digest of a requirements file in the bundle of a version, beside its code.

    Raises:
        NotFound: the bundle has no such file.
    """
    path = os.path.normpath(os.path.join(os.path.dirname(version.file), requirements))
    for entry in context.blobs.tree(version.bundle_digest).files:
        if entry.path == path:
            return entry.digest
    raise NotFound(f"There is no requirements file {requirements} in the bundle of {version.file}.")


def package_problems(
    context: FreezingContext, packages: ModelPackages, used: UsedEnvironment | None
) -> PackageProblems:
    """Return what blocks a node with these packages, now and on this machine.

    In a process, only packages of the serving code block a run: the model may also find its own
    packages under other names, such as opencv-python-headless for opencv-python.
    """
    blocks = not SERVING.keys() <= installed_packages(context, used).packages
    return PackageProblems(
        process=missing_packages(context, packages, used) if blocks else None,
        container=None if used else packages.unread,
    )


def check_packages(
    document: Document,
    resolved: Resolved,
    overrides: RunOverrides,
    problems: Mapping[str, PackageProblems],
) -> None:
    """Check that the nodes of models have packages where they run.

    The problems are facts about this machine now, so templates do not contain them.

    Raises:
        Invalid: some nodes have no packages. The details name them.
    """
    refused = []
    ports = {name: known.arguments for name, known in resolved.items()}
    nodes = active_part(document, ports).document.nodes if problems else {}
    for name, of_node in problems.items():
        known, node = resolved[name], nodes.get(name)
        if node is None or known.problem:  # a bypassed node is not active
            continue
        image = node.image or known.resources.image
        runtime = runtime_of(node, known.kind, image, overrides)
        if runtime == PROCESS and of_node.process:
            refused.append(Problem(of_node.process, node=name, field="environment"))
        elif runtime == DOCKER and of_node.container and not (overrides.image or image):
            refused.append(Problem(of_node.container, node=name, field="requirements"))
    if refused:
        raise_problems(refused)


def missing_packages(
    context: FreezingContext, packages: ModelPackages, used: UsedEnvironment | None
) -> Reason | None:
    """Return the reason that names the packages which a local process would not find.

    The process uses the environment, or the interpreter that runs nbyard. Other versions of the
    packages than the required ones are no problem. The names are those of distributions, so a
    package that another distribution provides is named too.
    """
    there = installed_packages(context, used)
    missing = [
        line
        for line in (*packages.serving, *packages.lines)
        if is_named(line) and name_of(line) not in there.packages and applies(line, there.python)
    ]
    lines = {name_of(line) for line in missing}
    missing += [line for name, line in SERVING.items() if name not in {*there.packages, *lines}]
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


def _packages(
    context: FreezingContext, model: ModelFile, text: str, file: str = ""
) -> ModelPackages:
    serving = [*SERVING.values()]
    sources = AllowedSources.parse(context.settings.allowed_package_sources)
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
