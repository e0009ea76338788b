"""Signatures of webhooks."""

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.webhooks import (
    MOST_PER_MINUTE,
    TOLERANCE_SECONDS,
    Message,
    check_rate,
    is_signed,
    secret_text,
    sent_at,
    signature_of,
)
from nbyard.errors import Invalid

# The example of https://github.com/standard-webhooks/standard-webhooks
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, SENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(int(SENT), UTC)
MESSAGE = Message(ID, SENT, SIGNATURE, BODY)


def changed(**fields):
    return msgspec.structs.replace(MESSAGE, **fields)


def test_the_published_example_is_accepted():
    assert signature_of(SECRET, ID, SENT, BODY) == SIGNATURE
    assert is_signed(SECRET, MESSAGE, NOW)
    assert sent_at(MESSAGE) == NOW


def test_one_of_several_signatures_is_enough():
    assert is_signed(SECRET, changed(signatures=f"v1,AAAA v2,x {SIGNATURE}"), NOW)
    many = " ".join(["v1,AAAA"] * 10 + [SIGNATURE])
    assert not is_signed(SECRET, changed(signatures=many), NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "msg_other"},
        {"id": ""},
        {"id": "with space"},
        {"id": "x" * 201},
        {"timestamp": "1614265331"},
        {"timestamp": "1614265330.0"},
        {"timestamp": "-1"},
        {"timestamp": "１６１４２６５３３０"},
        {"timestamp": "9" * 13},
        {"timestamp": ""},
        {"body": b""},
        {"body": BODY + b" "},
        {"signatures": ""},
        {"signatures": SIGNATURE.removeprefix("v1,")},
        {"signatures": SIGNATURE.lower()},
        {"signatures": "v1a" + SIGNATURE[2:]},
        {"signatures": "\udcff"},
    ],
)
def test_every_other_message_is_refused(fields):
    assert not is_signed(SECRET, changed(**fields), NOW)


@pytest.mark.parametrize("seconds", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
def test_old_and_future_messages_are_refused(seconds):
    inside = datetime.fromtimestamp(int(SENT) + seconds, UTC)
    outside = datetime.fromtimestamp(int(SENT) + seconds * 1.01, UTC)
    assert is_signed(SECRET, MESSAGE, inside) and not is_signed(SECRET, MESSAGE, outside)


@given(st.binary(min_size=1), st.binary(min_size=1), st.binary())
def test_another_key_or_body_has_another_signature(key, other, body):
    signed = Message("m", SENT, signature_of(secret_text(key), "m", SENT, body), body)
    assert is_signed(secret_text(key), signed, NOW)
    assert is_signed(secret_text(other), signed, NOW) is (key.rstrip(b"\0") == other.rstrip(b"\0"))
    longer = msgspec.structs.replace(signed, body=body + b"\0")
    assert not is_signed(secret_text(key), longer, NOW)


def test_a_secret_is_base64_with_a_prefix():
    assert secret_text(bytes(24)) == "whsec_" + base64.b64encode(bytes(24)).decode()
    assert not is_signed("whsec_a", MESSAGE, NOW)


@pytest.mark.parametrize("rate", [0, -1, MOST_PER_MINUTE + 1])
def test_a_rate_has_limits(rate):
    check_rate(1)
    with pytest.raises(Invalid):
        check_rate(rate)
