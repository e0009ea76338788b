"""Types of columns: moments and reasons."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Dialect, Float, String, Text
from sqlalchemy.types import TypeDecorator

from nbyard.reasons.structs import Reason


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as seconds since 1970."""

    # Single precision would round the present time to about two minutes.
    impl = Float(precision=53)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:
        return None if value is None else value.timestamp()

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Because(TypeDecorator[Reason]):
    """A reason, stored as JSON; None is stored as empty text."""

    impl: type[String] = Text
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> str:
        if value is None:
            return ""
        try:
            return msgspec.json.encode(value).decode()
        except UnicodeEncodeError:  # half a character, such as in a file name that is not UTF-8
            plain = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
            return plain.encode("utf-8", "replace").decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Reason | None:
        return msgspec.json.decode(value, type=Reason) if value else None


class ShortReason(Because):
    """A reason in a column of limited length."""

    impl = String
    cache_ok = True
