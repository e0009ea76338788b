"""Save downloads in files, and the option that names the file."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click

from nbyard.cli.output.console import format_size, print_note
from nbyard.host.project_files import replace_atomically

ZIP = ".zip"


def target_option(
    default: str, name: str = "--output-file", metavar: str = "FILE"
) -> Callable[[Any], Any]:
    """Return the option that names the file to save to; `default` describes its usual name."""
    about = f"File to save to. Default: {default}; - is standard output."
    return click.option(name, "-o", "target", default="", metavar=metavar, help=about)


def save_file(source: BinaryIO, own: str, target: str) -> None:
    """Save a download named `own` to the file `target`, or to standard output for `-`."""
    if target == "-":
        with source:
            shutil.copyfileobj(source, sys.stdout.buffer)
        return
    place = Path(target or own)
    try:
        # An interrupted download leaves an existing file unchanged.
        with source, replace_atomically(place) as saved:
            shutil.copyfileobj(source, saved)
    except OSError as error:
        raise click.UsageError(f"{place} cannot be written: {error.strerror}") from None
    is_zip = own.endswith(ZIP) and place.suffix != ZIP
    note = ", a zip of all its files" if is_zip else ""
    print_note(f"{place}  {format_size(place.stat().st_size)}{note}")
