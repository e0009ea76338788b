"""The decorator of a function changes nothing outside nbyard."""

import subprocess
import sys

import pytest

import nbyard


def test_a_marked_function_is_unchanged() -> None:
    def clean(n: int) -> int:
        return n + 1

    for mark in (nbyard.executable, nbyard.executable(), nbyard.executable(outputs={"n": "json"})):
        assert mark(clean) is clean


def test_only_the_documented_names_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'executables'"):
        nbyard.executables  # noqa: B018


def test_handoff_needs_the_standard_library_only() -> None:
    program = (
        "import sys, nbyard; nbyard.executable;"
        "sys.exit(any(name.split('.')[0] in ('msgspec', 'sqlalchemy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_completion_offers_the_functions_that_are_loaded_late():
    assert {*nbyard.HANDOFF} <= {*dir(nbyard)}
