"""A question is asked once; without an answer, the option that skips the question is named."""

import click
import pytest
from click.testing import CliRunner

from nbyard.cli.shared_options import confirm


@click.command()
def ask() -> None:
    """Ask."""
    confirm("Replace a.csv?", "--overwrite")
    click.echo("replaced")


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("y\n", 0, "replaced"),
        ("n\n", 1, "Aborted"),
        ("\n", 1, "Aborted"),
        ("", 2, "Add --overwrite to skip it"),
    ],
)
def test_a_piped_answer_is_accepted(answer, code, words):
    found = CliRunner().invoke(ask, input=answer)
    assert found.exit_code == code
    assert words in found.output and "Replace a.csv?" in found.output
    assert ("got no answer" in found.output) == (code == 2)
