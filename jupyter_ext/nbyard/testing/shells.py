"""Run the command line in this process."""

import atexit
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from click.testing import CliRunner

from nbyard.cli.main import main


class CommandResult:
    """The result of a command: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        """Return the standard output, parsed as JSON."""
        return json.loads(self.out)


def call_nbyard(
    *arguments: str, environment: Mapping[str, str | None] | None = None, typed: str = ""
) -> CommandResult:
    """Run `nbyard` with these arguments, variables and standard input."""
    with CliRunner(env=environment).isolation(typed) as (out, err, _):
        code = 0
        with _exit():
            try:
                main(list(arguments))
            except SystemExit as ended:
                code = int(ended.code or 0)
        sys.stdout.flush()
        return CommandResult(code, out.getvalue().decode(), err.getvalue().decode())


@contextmanager
def _exit() -> Iterator[None]:
    """Call the functions that the block registers with atexit when the block ends."""
    register = atexit.register
    with ExitStack() as stack:
        atexit.register = stack.callback
        try:
            yield
        finally:
            atexit.register = register
