"""`./dev --help` prints the options without a set-up."""

import subprocess
from pathlib import Path

import dev_options

ROOT = Path(__file__).resolve().parents[3]


def test_the_options_have_defaults():
    given = dev_options.arguments(["--port", "0"])
    assert (given.root, given.port, given.collaboration) == (None, 0, False)


def test_help_prepares_nothing():
    for command in ("./dev", "./check"):
        words = [command, "--help"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(f"usage: {command} "), done.stdout
