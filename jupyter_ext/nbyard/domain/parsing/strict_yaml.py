"""The only YAML reader: the JSON subset of YAML 1.2. It refuses ambiguous input."""

from __future__ import annotations

import re
from typing import Any

from nbyard.errors import Invalid

MAX_DEPTH = 64
MAX_VALUES = 100_000
MAX_BYTES = 4 * 2**20
MAX_DIGITS = 400
QUOTES = "Between braces, a text with a question mark needs quotes: {type: 'int?'}"
WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
# YAML 1.1 reads 0123 as octal, so an integer with a leading zero stays a text.
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
# Texts that some readers parse as a number, a Boolean or a time.
DOUBTFUL = re.compile(
    r"(?:y|yes|n|no|on|off|true|false|null|~|[-+]?\.(?:inf|nan)|[-+]?[0-9][0-9_]*(?::[0-9]+)+"
    r"|[-+]?0[0-7_]+|[-+]?0[box][0-9a-f_]+|[-+]?[0-9][0-9_.]*(?:e[-+]?[0-9]+)?|=|<<)\Z",
    re.IGNORECASE,
)
# Booleans in YAML 1.1, but not in any reader in use; they are common as names
ONLY_BY_THE_LETTER = ("y", "n")


def read_yaml(content: bytes, filename: str) -> Any:
    """Return the value of a YAML (or JSON) text with one document.

    The value consists of texts, numbers, Booleans, null, lists and dicts.

    Raises:
        Invalid: invalid UTF-8 or YAML, a second document, tags, duplicate or ambiguous keys, a
            recursive alias, more than 64 levels or 100,000 values after resolving aliases. The
            error names the line.
    """
    import yaml

    if len(content) > MAX_BYTES:
        raise Invalid.field(filename, f"is larger than {MAX_BYTES >> 20} MiB")
    try:
        # Only events: yaml.safe_load makes the word `no` false, and keeps the last of equal keys.
        reader = _Reader(filename, yaml.parse(content.decode("utf-8-sig"), yaml.SafeLoader))
        return reader.document()
    except UnicodeDecodeError as error:
        raise Invalid.field(filename, f"is not UTF-8 text (byte {error.start})") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = str(error.problem or error.context)
        hint = QUOTES if "'?'" in message else None
        reason = f"line {line}: {message}"
        raise Invalid.field(filename, reason, hint=hint) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid.field(filename, f"is not valid YAML: {str(error)[:200]}") from None


def is_plain(text: str) -> bool:
    """Return whether no YAML reader mistakes a text for a number, Boolean, null or time."""
    match = INTEGER.match(text) or NUMBER.match(text) or DOUBTFUL.match(text)
    return not match and text.lower() not in WORDS


class _Reader:
    def __init__(self, filename: str, events: Any):
        self._filename = filename
        self._events = events
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._count = 0

    def document(self) -> Any:
        import yaml

        documents: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and documents:
                raise self._refusal(event, "a second document; one is expected")
            if isinstance(event, yaml.NodeEvent):
                documents.append(self._value(event, 0))
        if not documents:
            reason = "line 1: the file is empty"
            raise Invalid.field(self._filename, reason)
        return documents[0]

    def _refusal(self, event: Any, problem: str) -> Invalid:
        reason = f"line {event.start_mark.line + 1}: {problem}"
        return Invalid.field(self._filename, reason)

    def _value(self, event: Any, depth: int) -> Any:
        import yaml

        self._add(event, 1)
        if depth > MAX_DEPTH:
            raise self._refusal(event, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag not in (None, "!"):
            raise self._refusal(event, f"the tag {event.tag[:60]} is not supported")
        before = self._count
        if event.anchor:
            self._open.add(event.anchor)
        value = self._plain(event, depth)
        if event.anchor:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = (value, self._count - before + 1)
        return value

    def _plain(self, event: Any, depth: int) -> Any:
        import yaml

        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event) if event.implicit[0] else self._text(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(depth)
        return self._object(depth)

    def _add(self, event: Any, count: int) -> None:
        self._count += count
        if self._count > MAX_VALUES:
            raise self._refusal(
                event, f"more than {MAX_VALUES:,} values, those of aliases counted each time"
            )

    def _alias(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise self._refusal(event, f"the alias *{event.anchor[:40]} contains itself")
        if event.anchor not in self._anchors:
            raise self._refusal(event, f"there is no anchor &{event.anchor[:40]}")
        value, count = self._anchors[event.anchor]
        # each use of an alias counts: nested aliases grow exponentially
        self._add(event, count)
        return value

    def _list(self, depth: int) -> list[Any]:
        import yaml

        elements = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            elements.append(self._value(event, depth + 1))
        return elements

    def _object(self, depth: int) -> dict[str, Any]:
        import yaml

        fields: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            name = self._key(event)
            if name in fields:
                raise self._refusal(event, f"the key {name[:80]!r} appears twice in one object")
            fields[name] = self._value(next(self._events), depth + 1)
        return fields

    def _key(self, event: Any) -> str:
        import yaml

        if not isinstance(event, yaml.ScalarEvent) or event.tag not in (None, "!") or event.anchor:
            raise self._refusal(event, "a key must be a plain text")
        name = str(event.value)
        is_doubtful = DOUBTFUL.match(name) and name.lower() not in ONLY_BY_THE_LETTER
        if (event.implicit[0] and is_doubtful) or not name:
            raise self._refusal(event, f"the key {name[:40]!r} must be put in quotes")
        return name

    def _text(self, event: Any) -> str:
        """Return the text of a scalar. Escaped surrogate pairs, as in JSON, are joined."""
        text = str(event.value)
        if not any("\ud800" <= char <= "\udfff" for char in text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self._refusal(event, "half of a surrogate pair") from None

    def _scalar(self, event: Any) -> Any:
        text = str(event.value)
        if text.lower() in WORDS:
            return WORDS[text.lower()]
        if len(text) > MAX_DIGITS:
            return text
        if INTEGER.match(text):
            return int(text)
        if NUMBER.match(text):
            number = float(text)
            if number in (float("inf"), float("-inf")):
                raise self._refusal(event, f"the number {text[:40]} is too large")
            return number
        return text
