"""Spells requests as Python programs."""

from pprint import pformat
from typing import Any

from nbyard.services.operation import Operation

WIDTH = 88
INDENT = "    "


class _Asked:
    """An expression that prompts for a secret when the program runs."""

    def __init__(self, place: str):
        self._place = place

    def __repr__(self) -> str:
        name = self._place.rpartition(".")[2].replace("_", " ")
        return f'getpass("{name[:1].upper()}{name[1:]}: ")'


def python_code(
    operation: Operation, values: dict[str, Any], secrets: list[str], project: str = ""
) -> str:
    """Return a Python program that sends a request.

    The program prompts for `secrets`, the places of secrets in the body. With a `project`, it links
    what the request creates to that project.
    """
    for place in secrets:
        *outer, name = place.split(".")
        inner = values["body"]
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[name] = _Asked(place)
    arguments = []
    for name, value in values.items():
        # Further lines stand behind the name.
        indent = len(name) + len(INDENT) + 1
        lines = pformat(value, width=WIDTH - indent, sort_dicts=False).split("\n")
        # Python 3.11 allows no backslash within the braces of an f-string, hence `chr(10)`.
        arguments.append(f"{name}={(chr(10) + ' ' * indent).join(lines)}")
    call = f"connection.{operation.noun}.{operation.verb}"
    line = f"{call}({', '.join(arguments)})"
    if len(line) > WIDTH or "\n" in line:
        line = f"{call}(\n{''.join(f'{INDENT}{argument},{chr(10)}' for argument in arguments)})"
    imports = ["from getpass import getpass\n"] if secrets else []
    head = ["\n".join([*imports, "from nbyard.discover import connect"]), ""]
    connection = f"connection = connect({f'project={project!r}' if project else ''})"
    return "\n".join([*head, connection, line])
