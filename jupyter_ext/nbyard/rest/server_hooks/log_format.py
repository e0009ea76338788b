"""Sets where the server's log lines about nbyard go."""

import logging

from nbyard.logs.json_lines import JsonFormatter
from nbyard.settings import Settings


def set_log_format(settings: Settings, server: logging.Logger) -> None:
    """Send nbyard's log lines to the server's log, or as JSON to standard error.

    The setting `log_format` decides.
    """
    ours = logging.getLogger("nbyard")
    if settings.log_format == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        ours.handlers[:] = [handler]
        ours.propagate = False
        ours.setLevel(logging.INFO)
    else:
        # The handlers belong to the logger of the server, not to the root logger.
        ours.parent = server
