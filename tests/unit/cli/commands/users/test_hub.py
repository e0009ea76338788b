"""`nbyard hub`: the configuration of a hub."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from traitlets.config import Config

from nbyard.cli.commands.users import hub
from nbyard.cli.main import nbyard
from nbyard.errors import Unavailable

# The service in place of its slow imports.
SERVICE = """
import signal, sys, types
from nbyard.cli.main import main

def serve(settings):
    print("loaded", flush=True)
    signal.pause()

sys.modules["nbyard.hub"] = types.SimpleNamespace(serve=serve)
main(["hub", "serve", "--managed"])
"""
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.mark.parametrize("options", [[], ["--external"]])
def test_the_printed_configuration_is_short_and_valid(options: list[str]) -> None:
    printed = (
        CliRunner().invoke(nbyard, ["hub", "config", *options, "--url", "http://hub:1/"]).output
    )
    assert len(printed.splitlines()) <= 15
    c = Config()  # as of a hub whose configuration names no other service
    names = {"c": c}
    exec(compile(printed, "jupyterhub_config.py", "exec"), names)
    assert names["nbyard_service"]["name"] == "nbyard"
    assert c.JupyterHub.services.get_value([]) == [names["nbyard_service"]]
    assert ("command" in printed) is not bool(options)
    assert json.dumps("http://hub:1") in printed


def test_a_managed_service_ends_with_a_hub_that_ends_while_it_is_imported() -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", STARTS, SERVICE], stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    assert started.stdout.readline() == "loaded\n"
    started.kill()
    started.wait()
    assert started.stdout.read() == "", "the service closes the pipe when it ends"
    started.stdout.close()


def test_a_managed_service_without_its_hub_is_not_served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub, "INIT", tmp_path / "comm")
    monkeypatch.setattr(hub, "signal_at_end_of_parent", lambda number: None)
    cases: list[tuple[tuple[int, int], str, bool]] = [
        ((7, 7), "systemd", True),
        ((7, 1), "systemd", False),
        ((7, 8), "tini", False),  # of a process that adopts orphans
        ((1, 1), "systemd", False),
        ((1, 1), "jupyterhub", True),
    ]
    for parents, first_process, is_served in cases:
        (tmp_path / "comm").write_text(f"{first_process}\n")
        served: list[Any] = []
        with monkeypatch.context() as patch:
            patch.setattr(os, "getppid", iter(parents).__next__)
            patch.setattr(hub, "resolve_name", lambda name, served=served: served.append)
            result: Any = CliRunner().invoke(nbyard, ["hub", "serve", "--managed"])
        assert isinstance(result.exception, Unavailable) is not is_served
        assert bool(served) is is_served
