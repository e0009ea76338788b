"""Reads runtimes of NB Workflows, and variables as secrets.

A runtime becomes an environment and its image.
"""

import re
from collections.abc import Mapping
from typing import Any

from nbyard.domain.images.structs import (
    NewImage,
    Recipe,
    check_recipe,
    check_reference,
    plain_name,
    registry_place,
)
from nbyard.domain.naming.names import check_name
from nbyard.domain.projects.definitions import EnvironmentEntry
from nbyard.errors import Invalid
from nbyard.importers.nb_workflows.yaml_fields import Fields
from nbyard.reasons.structs import Reason, because

OF_CONTAINER = (
    *("image", "maintainer", "build_packages", "final_packages", "user", "gpu"),
    "requirements",
)
# The file of a runtime that names none.
REQUIREMENTS = "requirements.txt"
VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
QUOTES = "\"'"


def read_runtimes_file(
    fields: Fields, files: Mapping[str, bytes]
) -> tuple[dict[str, EnvironmentEntry], list[NewImage]]:
    """Return the environments and images of a runtimes.yaml.

    `files` has the requirements files by name. The tag of an image has no version if the runtime
    has none.
    """
    environments, images = {}, []
    for key, runtime in fields.each("runtimes"):
        name = check_name(key, runtime.place)
        container = runtime.below("container")
        container.leave_out_others(OF_CONTAINER)
        runtime.leave_out_others(("container", "version", "registry"))
        environments[name] = EnvironmentEntry(_requirements(container, files))
        recipe = _recipe(container)
        if recipe != Recipe() or "version" in runtime or "registry" in runtime:
            images.append(NewImage(name, tag=_tag(name, runtime), recipe=recipe))
    return environments, images


def _recipe(container: Fields) -> Recipe:
    user, gpu = container.below("user"), container.below("gpu")
    user.leave_out_others(("uid", "gid"))
    gpu.leave_out_others(("cuda",))
    maintainer = container.text("maintainer")
    options: dict[str, tuple[Fields, str, Any]] = {
        "base": (container, "image", container.text("image")),
        "uid": (user, "uid", user.number("uid")),
        "gid": (user, "gid", user.number("gid")),
        "cuda": (gpu, "cuda", gpu.text("cuda")),
        "labels": (container, "maintainer", {"maintainer": maintainer} if maintainer else None),
    }
    kept = {
        option: value
        for option, (fields, name, value) in options.items()
        if value not in (None, "") and _accepts(fields, name, value, option)
    }
    return Recipe(
        **kept,
        build_packages=_packages(container, "build_packages"),
        system_packages=_packages(container, "final_packages"),
    )


def _packages(container: Fields, name: str) -> list[str]:
    """Return Debian packages from a list or a spaced text."""
    is_list = isinstance(container.value(name), list)
    packages = container.texts(name) if is_list else container.text(name).split()
    return [each for each in packages if _accepts(container, name, [each], "system_packages")]


def _accepts(fields: Fields, name: str, value: Any, option: str) -> bool:
    """Return whether an option of a recipe can have a value.

    A refused value is recorded as left out.
    """
    try:
        check_recipe(Recipe(**{option: value}))
    except Invalid as error:
        fields.leave_out_value(name, value, error.details[0].why)
        return False
    return True


def _tag(name: str, runtime: Fields) -> str:
    registry = runtime.text("registry")
    tag = f"{registry_place(registry) or 'nbyard'}/{plain_name(name, 'environment')}"
    if registry and not registry_place(registry):
        runtime.leave_out_value(
            "registry", registry, "does not specify a registry, such as registry.example.org:5000/"
        )
    if not (version := runtime.text("version")):
        return tag
    try:
        return check_reference(f"{tag}:{version}")
    except Invalid as error:
        runtime.leave_out_value("version", version, error.details[0].why)
        return tag


def _requirements(container: Fields, files: Mapping[str, bytes]) -> list[str]:
    value = container.value("requirements")
    place = f"{container.place}.requirements"
    if isinstance(value, list):
        lines = [str(line) for line in value]
    else:
        named = container.text("requirements")
        name = named or REQUIREMENTS
        if name not in files:
            if named:
                container.left.append(because("import-no-file", place=place, name=name[:200]))
            return []
        lines = files[name].decode(errors="replace").splitlines()
    kept = [line.strip() for line in lines]
    return [line for line in kept if line and not line.startswith("#")]


def read_variables(content: bytes, filename: str, left: list[Reason]) -> dict[str, str]:
    """Return the secrets in a file with lines such as `KEY="value"`.

    Lines that cannot be kept are added to `left`.

    Raises:
        Invalid: The file is no UTF-8 text.
    """
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise Invalid.field(filename, f"is not UTF-8 text (byte {error.start})") from None
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if (match := VARIABLE.fullmatch(text)) is None:
            # Without the text of the line, which may hold a secret.
            left.append(because("import-bad-line", place=f"{filename}:{number}"))
            continue
        name, value = match.groups()
        is_quoted = len(value) > 1 and value[0] in QUOTES and value[0] == value[-1]
        variables[name] = value[1:-1] if is_quoted else value
    return variables
