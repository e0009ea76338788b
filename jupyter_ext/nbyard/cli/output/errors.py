"""Print errors as sentences, each kind with its exit code."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from traitlets import TraitError

from nbyard.cli.output.console import print_note
from nbyard.errors import Invalid, NbyardError, NotFound, PolicyRefused, Unavailable
from nbyard.reasons.structs import nested_reasons, nested_texts

LINE = re.compile(r"^requirements\.(\d+)$")
VALUE = re.compile(r"(?:.*\.)?(?:parameters|texts)\.([^.]+)$")
# The request of a run within that of an automation or deployment, and what starts it.
WITHIN = re.compile(r"^(?:run|on|when)\.")
# Fields whose options or arguments have other names.
RENAMED = {
    "on": "at",
    "on.text": "at",
    "on.dataset": "on_dataset",
    "on.settle_seconds": "settle",
    "on.most_per_minute": "per_minute",
    "rules.0.events": "events",
}
# Written by buildtools/command_table.py.
TABLE = Path(__file__).resolve().parents[1] / "commands.json"
ELSEWHERE = (
    "{name} is on this machine, and a server reads the files below its root folder. Copy the file"
    " there, with the files that it needs; nbyard datasets add sends a file of data."
)
EXIT_FAILED, EXIT_USAGE, EXIT_MISSING, EXIT_SERVER = 1, 2, 3, 5
EXPECTED = (NbyardError, TraitError)  # the settings raise the second


def print_error(error: NbyardError | TraitError, argv: Sequence[str] = ()) -> int:
    """Print an error of the command `argv` and return the exit code for it."""
    if isinstance(error, TraitError):
        print_note(f"Error: {error}")
        return EXIT_USAGE
    first = error.details[0].path if error.details else ""
    print_note(f"Error: {with_shown_field(error.message, first, argv)}")
    # The message is that of the first refused field, except if it lists several.
    known = nested_texts(error.reason)
    for number, detail in enumerate(error.details):
        is_shown = detail.why in nested_reasons(error.reason) or not known.isdisjoint(
            {detail.message}
        )
        if number or not is_shown:
            print_note(f"  {shown_field(detail.path, argv)}: {detail.message}")
    hint = error.hint
    to_server = "NBYARD_SERVER" in os.environ or any(w.startswith("--server") for w in argv)
    if not hint and to_server and isinstance(error, Invalid | NotFound):
        # A local file may have been named to a server, which reads its own files only.
        given = (word.rpartition("=")[2] for word in argv)
        texts = nested_texts(error.reason)
        is_path = first.rpartition(".")[2] == "path"
        files = (name for name in given if name in texts or is_path)
        here = next((name for name in files if Path(name).is_file()), "")
        hint = ELSEWHERE.format(name=here) if here else ""
    if hint:
        print_note(hint)
    if isinstance(error, Invalid | PolicyRefused):
        return EXIT_USAGE
    if isinstance(error, NotFound):
        return EXIT_MISSING
    return EXIT_SERVER if isinstance(error, Unavailable) else EXIT_FAILED


def shown_field(path: str, argv: Sequence[str]) -> str:
    """Return the option of the command `argv` that sets a field, else the path of the field."""
    if match := LINE.match(path):
        return f"requirements, line {match[1]}"
    flags = _flags(argv)
    if match := VALUE.match(path):
        name = match[1]
        is_file = re.search(rf"--input-file[ =](?:[^-]\S* )*{re.escape(name)}=", " ".join(argv))
        if "inputs" in flags and is_file:
            return f"{flags['inputs']} {name}"
        if flags.get("params") == "--param":
            return f"-p {name}"
        return f"{flags['parameters']} {name}" if "parameters" in flags else path
    head, _, rest = path.partition(".")
    if head in ("job", "values_from") and rest and head in flags:
        return f"{flags[head]} {rest}"
    option = "notify" if head == "notify" else RENAMED.get(path, path)
    if path == "on.path":  # of a file that changes, or of code that ends
        option = "on_run" if any(word.startswith("--on-run") for word in argv) else "on_file"
    # An automation has a name of its own.
    names = (option, WITHIN.sub("", path) if path != "run.name" else "", path.replace(".", "_"))
    return next((flags[name] for name in names if name in flags), path)


def with_shown_field(text: str, path: str, argv: Sequence[str]) -> str:
    """Return the message of a refused field that starts with the option instead of the path."""
    return shown_field(path, argv) + text.removeprefix(path) if text.startswith(path) else text


def _flags(argv: Sequence[str]) -> dict[str, str]:
    """Return the long options of a command by the names of their fields."""
    entry: dict[str, Any] = {"commands": json.loads(TABLE.read_bytes())}
    for word in argv:  # options of all commands stand before the noun
        commands = entry.get("commands", {})
        entry = commands.get(word) or commands.get(f"{word}s") or entry
    flags = {}
    for option in entry.get("options", ()):
        name, *spellings = option["param_decls"]
        flags[name] = next((text for text in spellings if text[:2] == "--"), "")
    return flags
