"""The telling part of what engines and networks say."""

import pytest

from nbyard.dockerd.engine_messages import (
    engine_message,
    innermost_message,
    pass_progress,
    refusal_error,
    whole_lines,
)
from nbyard.errors import Conflict, NbyardError, NotFound
from nbyard.reasons.structs import because

NESTED = (
    "HTTPSConnectionPool(host='far', port=1): Max retries exceeded (Caused by SSLError("
    "SSLCertVerificationError(1, '[SSL: X] certificate verify failed: self-signed certificate in"
    " certificate chain (_ssl.c:1006)')))"
)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("(x, ConnectionRefusedError(111, 'Connection refused'))", "connection refused"),
        ("HTTPConnectionPool(...): Read timed out.", "no response in time"),
        (NESTED, "certificate verify failed: self-signed certificate in certificate chain"),
        ("400 (Client sent an HTTP request to an HTTPS server.)", "the engine requires TLS"),
        ("SSLError(1, 'sslv3 alert bad certificate')", "bad certificate"),
        ("first\nsecond", "first"),
        ("", "OSError"),
    ],
)
def test_plain(said, words):
    assert str(innermost_message(OSError(said))).strip() == words


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (404, "No such image", NotFound),
        (409, "name in use", Conflict),
        (500, "a1 does not exist in database: no such container", NotFound),
        (500, "unrecognized image ID sha256:a1", NotFound),
        (500, "no space", NbyardError),
    ],
)
def test_refusal(status, words, kind):
    assert type(refusal_error(status, words)) is kind


def test_pieces_become_lines() -> None:
    """What a program prints comes as it was written, not line by line."""
    said: list[str] = []
    with whole_lines(said.append) as hear:
        for piece in ("E", ": ", "no pack", "age\n\n  \nStep 2", "/3\r", "40 %\r\n", "end"):
            pass_progress({"stream": piece}, hear)
        pass_progress({"status": "Pulling", "id": "a1"}, hear)
    assert said == ["E: no package", "Step 2/3", "40 %", "end", "a1 Pulling"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (refusal_error(500, "no space"), "no space"),
        (refusal_error(404, "no such container"), "no such container"),
        (refusal_error(409, "in use"), "in use"),
        (NbyardError(because("build-refused", message="no space")), "no space"),
        (NbyardError(because("no-address-range")), ""),
        (NbyardError("no space"), ""),
    ],
)
def test_the_engines_own_message(error, message):
    assert engine_message(error) == message
