"""The tree of errors: one status and one code each."""

import errno
import os
import re

import msgspec
import pytest

from nbyard import errors
from nbyard.errors import (
    Detail,
    ErrorBody,
    Invalid,
    NbyardError,
    Unavailable,
    error_classes,
    reason_of,
)
from nbyard.reasons.structs import because, text_reason

LINE = re.compile(r"^[ │├└─]*([A-Z]\w+) +(\d{3}) ([a-z-]+)$", re.MULTILINE)
CLASSES = [kind for kind in error_classes().values() if kind.__module__ == errors.__name__]


def _tree(kind):
    for sub in kind.__subclasses__():
        yield sub
        yield from _tree(sub)


def test_every_code_belongs_to_one_class():
    """A class without a code of its own answers as the one above it."""
    own = [k for k in [NbyardError, *_tree(NbyardError)] if "code" in vars(k)]
    ours = {kind.code: kind for kind in own if kind.__module__.startswith("nbyard.")}
    assert len(ours) == len([k for k in own if k.__module__.startswith("nbyard.")])
    found = error_classes()
    assert {code: found[code] for code in ours} == ours
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in ours)


def test_the_documented_tree_is_correct():
    drawn = {name: (int(status), code) for name, status, code in LINE.findall(errors.__doc__)}
    assert drawn == {kind.__name__: (kind.status, kind.code) for kind in CLASSES}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_docstring_is_the_default_sentence(kind):
    error = kind()
    assert error.message == str(error) == kind.__doc__
    assert error.reason == because("error", error=kind.code, message=kind.__doc__)
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert 400 <= kind.status < 600
    assert issubclass(kind, NbyardError)


def test_the_body_is_the_same_for_all():
    error = NbyardError("It broke.", hint="Mend it.", details=[Detail("a.0", "too long")])
    body = error.body("r1")
    assert msgspec.to_builtins(body) == {
        "code": "internal",
        "message": "It broke.",
        "hint": "Mend it.",
        "details": [{"path": "a.0", "message": "too long", "reason": None}],
        "request_id": "r1",
        "reason": {"code": "error", "params": {"error": "internal", "message": "It broke."}},
        "hint_reason": {"code": "text", "params": {"text": "Mend it."}},
    }
    assert msgspec.json.decode(msgspec.json.encode(body), type=ErrorBody) == body


def test_a_refused_field_is_named_in_message_and_details():
    error = Invalid.field("arguments.2.name", "is used twice", hint="Choose another.")
    assert error.message == "arguments.2.name: is used twice"
    assert error.details == [Detail("arguments.2.name", "is used twice")]
    assert error.reason == because(
        "field", path="arguments.2.name", reason=text_reason("is used twice")
    )
    assert (error.status, error.hint) == (422, "Choose another.")


def test_an_error_keeps_its_code() -> None:
    reason = Unavailable("Docker is away.", hint="Start it.").reason
    assert reason.params == {"error": "unavailable", "message": "Docker is away."}
    assert str(reason) == "Docker is away."


def test_a_failure_keeps_its_code_and_its_hint() -> None:
    reason = reason_of(Unavailable("Docker is away.", hint="Start it."))
    assert (reason.code, reason.params["error"]) == ("error-with-hint", "unavailable")
    assert str(reason) == "Docker is away. Start it."
    assert reason_of(Unavailable("Docker is away.")).code == "error"


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ("Docker is away", "error-then-hint", "Docker is away. Start it."),
        ("Is Docker away?", "error-with-hint", "Is Docker away? Start it."),
    ],
)
def test_message_and_hint_are_two_sentences(message: str, code: str, text: str) -> None:
    error = Unavailable(message, hint="Start it.")
    reason = reason_of(error)
    assert (reason.code, str(reason), error.words) == (code, text, text)


def test_an_error_of_the_system_has_its_symbol() -> None:
    full = reason_of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data"))
    assert full.params == {"error": "ENOSPC", "message": os.strerror(errno.ENOSPC)}
    assert full.code == "system-error"
    assert str(reason_of(OSError("it is closed"))) == "it is closed"
