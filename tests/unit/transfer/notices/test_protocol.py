"""Answers of servers: which are final, and how long to wait."""

from datetime import UTC, datetime

import pytest

from nbyard.transfer.notices.protocol import http_delivery, mail_delivery, retry_seconds

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "is_sent", "is_final"),
    [
        *((200, True, False), (204, True, False), (301, False, True), (400, False, True)),
        *((401, False, True), (404, False, True), (410, False, True), (408, False, False)),
        *((425, False, False), (429, False, False), (500, False, False), (503, False, False)),
    ],
)
def test_http_status_codes_are_classified(status, is_sent, is_final):
    found = http_delivery("s", status, "7")
    assert (found.reason is None, found.is_final) == (is_sent, is_final)
    assert is_sent or found.retry_seconds == 7


@pytest.mark.parametrize(
    ("status", "pause", "is_of_message"), [(500, "", True), (500, "7", False), (503, "", False)]
)
def test_a_server_may_fail_with_a_single_message(status, pause, is_of_message):
    assert http_delivery("s", status, pause).is_of_message is is_of_message


@pytest.mark.parametrize(
    ("status", "is_final"), [(421, False), (451, False), (535, True), (550, True)]
)
def test_mail_replies_are_classified(status, is_final):
    found = mail_delivery("E-Mail", status, "no\r\nsuch user")
    assert found.is_final is is_final
    assert str(found.reason) == f"E-Mail answered {status}: no such user"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Thu, 26 Nov 2026 08:00:30 GMT", 30.0),
        ("Thu, 26 Nov 2026 07:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read(text, seconds):
    assert retry_seconds(text, NOW) == seconds
