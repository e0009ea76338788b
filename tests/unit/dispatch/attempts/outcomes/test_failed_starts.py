"""A failed start explains what is wrong with the program's file."""

import io
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from nbyard.dispatch.attempts.outcomes.attempt_outcome import with_start_hint
from nbyard.domain.attempts.structs import Failure
from nbyard.errors import NotFound
from nbyard.reasons.structs import because

FAILURE = Failure("start", because("program-missing", program="/nowhere/sh"))
SCRIPT = b"#!/nowhere/sh\necho hello\n"


def hinted(kind: str = "command", content: bytes | Exception = SCRIPT) -> Failure:
    """The failure of a version of this kind whose file has this content."""
    context: Any = Mock()
    context.store.read.return_value = nullcontext()
    version = SimpleNamespace(kind=kind, content_digest="d", file="tools/say.sh")
    context.store.executables.version.return_value = version
    broken = content if isinstance(content, Exception) else None
    opened = io.BytesIO(b"" if broken else content)  # type: ignore[arg-type]
    context.blobs.open.side_effect = broken or [opened]
    return with_start_hint(context, Mock(), FAILURE)


def test_the_hint_comes_with_the_cause() -> None:
    hint = because("shebang-unusable", name="say.sh", program="/nowhere/sh")
    assert hinted().reason == because("start-hinted", cause=FAILURE.reason, hint=hint)


@pytest.mark.parametrize(
    "of",
    [
        {"kind": "notebook"},
        {"content": b"#!/usr/bin/perl\n"},
        {"content": NotFound(because("text", text="gone"))},
        {"content": OSError("the disk does not answer")},
    ],
)
def test_without_a_hint_the_failure_is_unchanged(of):
    """Also if the file is gone: the failure must be stored."""
    assert hinted(**of) is FAILURE
