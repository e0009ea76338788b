"""The fixtures of the unit tests of the command line."""

from ...unit.cli.conftest import echo

__all__ = ["echo"]
