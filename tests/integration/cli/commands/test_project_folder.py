"""A project folder is pushed to another server, and pulled from it."""

from pathlib import Path

import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.testing.shells import call_nbyard

pytestmark = pytest.mark.leaves_running
MORNING = '\n[schedules.morning]\npath = "visitors.nbflow"\nwhen = "weekdays 8:00"\n'


def test_project_folder_is_pushed_and_pulled(
    api: JupyterServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBYARD_SERVER", api.url)
    monkeypatch.setenv("NBYARD_TOKEN", TOKEN)
    assert call_nbyard("init", "wine").code == 0
    with Path("wine/nbyard.toml").open("a") as file:
        file.write(MORNING)
    monkeypatch.chdir("wine")
    planned = call_nbyard("plan", "--current")
    assert "+ schedule morning" in planned.out, planned.err
    Path("local.nbvars").write_text("TOKEN=secret")
    pushed = call_nbyard("push", "--current", "--yes")
    assert pushed.code == 0 and "local.nbvars" in pushed.err, pushed.err
    assert call_nbyard("push", "--current").out == "No changes.\n"
    assert call_nbyard("automations", "show", "morning").out.count("visitors.nbflow") == 1
    started = call_nbyard("automations", "fire", "morning")
    assert started.code == 0, started.err
    monkeypatch.chdir(tmp_path)
    pulled = call_nbyard("pull", "wine", "--folder", "copy", "--yes")
    assert pulled.code == 0, pulled.err
    left_out = {"local.nbvars", ".gitattributes"}  # a secret, and a file of Git only
    names = sorted(path.name for path in Path("wine").iterdir() if path.name not in left_out)
    assert sorted(path.name for path in Path("copy").iterdir()) == names
    assert all(Path("copy", name).read_bytes() == Path("wine", name).read_bytes() for name in names)
