"""Print errors as sentences, each kind with its exit code."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from traitlets import TraitError

from nbyard.cli.output.console import print_note
from nbyard.errors import Invalid, NbyardError, NotFound, PolicyRefused, Unavailable
from nbyard.reasons.structs import nested_reasons, nested_texts

LINE = re.compile(r"^requirements\.(\d+)$")
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
    print_note(f"Error: {error.message}")
    for detail in error.details:
        place = LINE.sub(r"requirements, line \1", detail.path)
        # The message of several refused fields is that of the first.
        if detail is not error.details[0] or detail.why not in nested_reasons(error.reason):
            print_note(f"  {place}: {detail.message}")
    hint = error.hint
    to_server = "NBYARD_SERVER" in os.environ or any(w.startswith("--server") for w in argv)
    if not hint and to_server and isinstance(error, Invalid | NotFound):
        # A local file may have been named to a server, which reads its own files only.
        given = (word.rpartition("=")[2] for word in argv)
        texts = nested_texts(error.reason)
        here = next((name for name in given if name in texts and Path(name).is_file()), "")
        hint = ELSEWHERE.format(name=here) if here else ""
    if hint:
        print_note(hint)
    if isinstance(error, Invalid | PolicyRefused):
        return EXIT_USAGE
    if isinstance(error, NotFound):
        return EXIT_MISSING
    return EXIT_SERVER if isinstance(error, Unavailable) else EXIT_FAILED
