"""Formats log lines as JSON objects, for programs that collect logs."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

FIELDS = "fields"


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    The object has `time` (ISO 8601, UTC), `level`, `logger`, `message` and, for an exception,
    `exception`. The record's extra `fields` are added under their names.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
