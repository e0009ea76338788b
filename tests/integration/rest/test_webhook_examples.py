"""The server accepts the messages that the examples of the page about automations send."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.jupyter_server import JupyterServer

pytestmark = pytest.mark.leaves_running
PAGE = Path(__file__).resolve().parents[3] / "docs/how-to/automations.md"
PROGRAMS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


@pytest.mark.parametrize("language", PROGRAMS)
def test_server_accepts_the_message_of_each_example(api: JupyterServer, language: str) -> None:
    (api.root / "flow.nbflow").write_text(
        '{"version": 1, "meta": {"parameters": {"branch": {"type": "string"}}},'
        ' "nodes": {"a": {"type": "executable", "path": "hook.py"}}, "edges": {}}'
    )
    (api.root / "hook.py").write_text("print()\n")
    body = {
        "run": {"path": "flow.nbflow"},
        "on": {"kind": "webhook"},
        "values_from": {"branch": "body.ref"},
    }
    made = api.send("POST", "/automations", body).json
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    variables = {"WEBHOOK_URL": f"{api.url}/{made['address']}", "WEBHOOK_SECRET": made["secret"]}
    done = subprocess.run(
        [*PROGRAMS[language], code],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    (firing,) = api.send("GET", f"/automations/{made['id']}/firings").json["items"]
    assert json.loads(done.stdout) == {"id": firing["id"]}
    assert firing["outcome"] == "waiting"
