"""Log lines for log collectors."""

import json
import logging
import sys

from hypothesis import given
from hypothesis import strategies as st

from nbyard.logs.json_lines import JsonFormatter


def line(record: logging.LogRecord) -> str:
    return JsonFormatter().format(record)


@given(st.text(), st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.text()))
def test_each_record_is_one_line_with_its_fields(text, fields):
    record = logging.makeLogRecord(
        {"name": "nbyard.rest", "levelname": "INFO", "msg": "%s", "args": (text,), "fields": fields}
    )
    made = line(record)
    assert "\n" not in made
    found = json.loads(made)
    assert found["message"] == fields.get("message", text)
    assert fields.items() <= found.items()


def test_an_exception_is_a_field() -> None:
    try:
        raise ValueError("no penguin")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    found = json.loads(line(record))
    assert found["exception"].endswith("ValueError: no penguin")
    assert found["time"].endswith("+00:00")
