"""Reads runtimes and variables of NB Workflows as environments and secrets."""

import re
from collections.abc import Mapping

from nbyard.domain.naming.names import check_name
from nbyard.domain.projects.definitions import EnvironmentEntry
from nbyard.errors import Invalid
from nbyard.importers.nb_workflows.yaml_fields import Fields
from nbyard.reasons.structs import Reason, because

OF_IMAGE = (
    *("image", "maintainer", "build_packages", "final_packages", "user"),
    *("base_template", "gpu"),
)
OF_RUNTIME = ("gpu_support", "version", "registry", "machine")
# The file of a runtime that names none.
REQUIREMENTS = "requirements.txt"
VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
QUOTES = "\"'"


def read_runtimes_file(fields: Fields, files: Mapping[str, bytes]) -> dict[str, EnvironmentEntry]:
    """Return the environments that a runtimes.yaml declares. Images are left out.

    `files` has the requirements files by name.
    """
    environments = {}
    for name, runtime in fields.each("runtimes"):
        container = runtime.below("container")
        container.leave_out(OF_IMAGE, "import-image")
        container.leave_out_others((*OF_IMAGE, "requirements"))
        runtime.leave_out(OF_RUNTIME)
        runtime.leave_out_others(("container", *OF_RUNTIME))
        lines = _requirements(container, files)
        environments[check_name(name, runtime.place)] = EnvironmentEntry(lines)
    return environments


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
        raise Invalid.field(filename, because("not-utf8", byte=error.start)) from None
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
