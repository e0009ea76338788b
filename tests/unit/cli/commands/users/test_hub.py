"""`nbyard hub`: the configuration of a hub."""

import json

import pytest
from click.testing import CliRunner

from nbyard.cli.main import nbyard


@pytest.mark.parametrize("options", [[], ["--external"]])
def test_the_printed_configuration_is_short_and_valid(options: list[str]) -> None:
    printed = (
        CliRunner().invoke(nbyard, ["hub", "config", *options, "--url", "http://hub:1/"]).output
    )
    assert len(printed.splitlines()) <= 15
    compile(printed, "jupyterhub_config.py", "exec")
    assert ("command" in printed) is not bool(options)
    assert json.dumps("http://hub:1") in printed
