"""The command `nbyard`."""

import atexit
import gc
import sys
from types import ModuleType
from typing import Any

import click

from nbyard import __version__
from nbyard.cli.lazy_commands import lazy_commands
from nbyard.cli.output.clean_streams import clean_streams

SELDOM = 300_000  # objects; the imports of a command make 150,000
EXIT_INTERRUPTED = 130


class Nouns(click.Group):
    """A group of nouns in the plural, which also accepts the singular."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, f"{cmd_name}s")

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        # The usage line then names the plural, also if the user typed `dataset` for `datasets`.
        return (command.name if command else name), command, rest


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nbyard")
@click.option(
    "--project",
    metavar="NAME",
    shell_complete=lambda context, option, start: _projects(start),
    help="Link what the command creates to this project.",
)
@click.pass_context
def nbyard(context: click.Context, project: str | None) -> None:
    """Run notebooks, scripts and workflows.

    Everything is also available in JupyterLab.

    \b
    Examples:
      nbyard run analysis.ipynb -p alpha=0.1
      nbyard run pipeline.nbflow --name nightly --json
      nbyard runs log nightly
    """
    context.obj = project


for command in lazy_commands():
    nbyard.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; print an error as one sentence and exit with a code.

    Exit codes: 0 done, 1 the run failed or was cancelled, 2 usage, 3 not found, 5 server not
    reachable, 130 interrupted.
    """
    if arguments is None:  # a short command creates hardly any garbage
        gc.set_threshold(SELDOM)
        atexit.register(gc.freeze)  # skips the slow garbage collection at exit
    with clean_streams():
        sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = nbyard.main(arguments, prog_name="nbyard", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SystemExit:  # before the last clause, which loads the classes of errors
        raise
    except click.ClickException as error:
        error.show()
        return error.exit_code
    # click raises this for Ctrl-C and for a question that the user answered with no.
    except click.Abort:
        return EXIT_INTERRUPTED
    except _errors().EXPECTED as error:
        argv = sys.argv[1:] if arguments is None else arguments
        return int(_errors().print_error(error, argv))


def _projects(start: str) -> list[Any]:
    """Return the names of projects that complete a word."""
    from nbyard.cli.stored_names import completions

    return completions({}, ("projects",), start)


def _errors() -> ModuleType:
    """Return the module that prints errors, with the classes that it prints."""
    from nbyard.cli.output import errors

    return errors


if __name__ == "__main__":
    main()
