"""Give a running JupyterLab to the next journey: no kernels, another store, other variables.

DELETE ends what the last journey left in the server and closes the store. The caller may then
replace the folders. POST opens the store again, with the variables of the next journey.
"""

import json
import os
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async, url_path_join
from tornado import web

from nbyard.extension import _load_jupyter_server_extension as load_nbyard


class RenewalHandler(APIHandler):
    """Both halves of a renewal, for the journeys with their token."""

    def initialize(self, app: Any) -> None:
        self._app = app

    @web.authenticated
    async def delete(self) -> None:
        kernels = self._app.kernel_manager
        for kernel in kernels.list_kernel_ids():
            await ensure_async(kernels.shutdown_kernel(kernel, now=True))
        await ensure_async(self._app.session_manager.list_sessions())  # drops the ended sessions
        await self.settings["terminal_manager"].terminate_all()
        self._app.contents_manager.notary.store.close()
        self.settings["nbyard"].close()
        self.finish({})

    @web.authenticated
    async def post(self) -> None:
        os.environ.clear()
        os.environ.update(json.loads(self.request.body))
        os.chdir(self._app.root_dir)
        contents = self._app.contents_manager
        contents.notary = type(contents.notary)(parent=contents)
        load_nbyard(self._app)
        self.finish({})


def _load_jupyter_server_extension(app: Any) -> None:
    address = url_path_join(app.web_app.settings["base_url"], "journeys/renewal")
    app.web_app.add_handlers(".*$", [(address, RenewalHandler, {"app": app})])
    # each page would start Node to see whether JupyterLab should be built anew
    app.web_app.settings.setdefault("page_config_data", {})["buildCheck"] = False


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "renewal"}]
