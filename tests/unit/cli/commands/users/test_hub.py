"""`nbyard hub`: the configuration of a hub, and the stores that users had before."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbyard.backup.writing import write_backup
from nbyard.cli.main import nbyard
from nbyard.store import Store

from ....store.rows import Rows


@pytest.mark.parametrize("options", [[], ["--external"]])
def test_the_printed_configuration_is_short_and_valid(options: list[str]) -> None:
    printed = (
        CliRunner().invoke(nbyard, ["hub", "config", *options, "--url", "http://hub:1/"]).output
    )
    assert len(printed.splitlines()) <= 15
    compile(printed, "jupyterhub_config.py", "exec")
    assert ("command" in printed) is not bool(options)
    assert json.dumps("http://hub:1") in printed


def test_a_users_own_store_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "own.tar"
    with closing(Store(tmp_path / "own")) as own:
        with own.write() as c:
            Rows(own, c).run("nightly", path="/home/ann/train.py")
        write_backup(own, archive)
    monkeypatch.setenv("NBYARD_STORE_DIR", str(tmp_path / "shared"))
    options = ["--owner", "ann", "--root", "/home/ann"]
    command = ["hub", "adopt", str(archive), *options]
    result = CliRunner().invoke(nbyard, command, catch_exceptions=False)
    assert result.exit_code == 0 and "1 runs" in result.output
    with closing(Store(tmp_path / "shared")) as shared, shared.read() as c:
        run = shared.runs.get(c, "ann", "nightly")
        assert run is not None and run.path == f"{tmp_path}/shared/homes/ann/train.py"
