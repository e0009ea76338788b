"""Follows renames of files in JupyterLab, so that renamed workflows keep their runs."""

import contextlib
from collections.abc import Callable
from typing import Any

from nbyard.errors import NbyardError
from nbyard.rest.operation_handler import RestContext

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"


def follow_renames(context: RestContext, event_logger: Any, exists: Callable[[], bool]) -> None:
    """Update stored paths for each rename that the server reports, until the context is closed.

    `exists` returns whether there is a store. A rename never creates one.
    """

    async def noted(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if data.get("action") == "rename" and exists():
            # A workflow that is missed here is found by its ID when it is opened.
            with contextlib.suppress(NbyardError):
                await context.ask("workflows", "renamed", data["source_path"], data["path"])

    event_logger.add_listener(schema_id=CONTENTS, listener=noted)
    context.closing.append(lambda: event_logger.remove_listener(listener=noted))
