"""Convert JSON values to the types of requests, with errors that name the field."""

import re
from typing import Any

import msgspec

from nbyard.errors import Invalid
from nbyard.field_suggestions import add_suggestions

# "Expected `int`, got `str` - at `$.source.url`"
PLACE = re.compile(r"(?P<words>.*) - at `\$\.?(?P<place>.*)`\Z", re.DOTALL)
# "Object missing required field `name`", "Object contains unknown field `naem`"
NAMED = re.compile(r"field `([^`]*)`")


def convert_json(value: Any, kind: Any) -> Any:
    """Convert a JSON value to the type `kind`.

    Raises:
        Invalid: a field is unknown, missing or of another type. The error names it.
    """
    check_texts(value)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        full_message = add_suggestions(str(error), kind)
        match = PLACE.match(full_message)
        message, place = (match["words"], match["place"]) if match else (full_message, "")
        named = NAMED.search(message)
        parts = [*re.split(r"[.\[\]]+", place), named[1] if named else ""]
        where = ".".join(filter(None, parts)) or "body"
        raise Invalid.field(where, str(message)) from None


def check_texts(value: Any) -> None:
    """Check that no text contains a NUL character, which databases cannot store.

    Raises:
        Invalid: a text contains NUL. The error names its field.
    """
    todo = [("", value)]
    while todo:
        place, part = todo.pop()
        if isinstance(part, str) and "\0" in part:
            raise Invalid.field(place or "body", "the text contains a NUL character")
        if isinstance(part, dict):
            todo += [(f"{place}.{key}".lstrip("."), inner) for key, inner in part.items()]
            todo += [(place, key) for key in part]
        if isinstance(part, list):
            todo += [(f"{place}.{index}", inner) for index, inner in enumerate(part)]
