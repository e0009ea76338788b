"""A JupyterHub with one service of nbyard. It prints its URL, and ends with its input."""

import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.integration.hub import Hub, config_of_service

# JupyterLab's own questions about news would lie over what is looked at.
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}

with tempfile.TemporaryDirectory(prefix="nbyard-hub-") as text:
    folder = Path(text)
    command = [sys.executable, "-m", "nbyard.cli.main", "hub", "serve", "--managed"]
    own = {name: os.environ[name] for name in ("JUPYTER_PATH",) if name in os.environ}
    config = config_of_service(folder / "shared", command)
    config += "c.Spawner.http_timeout = 120\nc.Spawner.default_url = '/lab'\n"
    hub = Hub(folder, config, **own)
    try:
        # In place of that for servers without pages.
        (folder / "jupyter_server_config.json").write_text(
            json.dumps(
                {
                    "ServerApp": {"jpserver_extensions": {"jupyterlab": True, "nbyard": True}},
                    "LabApp": {"expose_app_in_browser": True},
                }
            )
        )
        (folder / "labconfig").mkdir()
        (folder / "labconfig/default_setting_overrides.json").write_text(json.dumps(QUIET))
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        hub.stop()
