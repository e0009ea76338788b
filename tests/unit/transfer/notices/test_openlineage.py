"""OpenLineage events over HTTP: one request for each, with the key of the URL."""

import pytest

from nbyard.domain.notices.structs import Message
from nbyard.testing.conformance.channels import http_receiver
from nbyard.transfer.notices.openlineage import OpenLineageKind

EVENTS = [{"eventType": one, "run": {"runId": "r"}} for one in ("START", "COMPLETE", "FAIL")]
MESSAGE = Message("m1", "title", "body", EVENTS)


@pytest.fixture
def receiver():
    with http_receiver() as made:
        yield made


def test_each_event_is_posted_in_order_with_the_key(receiver):
    url = f"openlineage+{receiver.url}/api/v1/lineage?x=1".replace("//127", "//s3cr3t@127")
    assert OpenLineageKind().send(url, "OpenLineage", MESSAGE).reason is None
    assert [one.json for one in receiver.requests] == EVENTS
    for one in receiver.requests:
        assert one.path == "/api/v1/lineage?x=1"
        assert one.headers["authorization"] == "Bearer s3cr3t"
        assert one.headers["content-type"].startswith("application/json")


def test_without_a_key_none_is_sent_and_no_event_is_no_request(receiver):
    url = f"openlineage+{receiver.url}"
    assert OpenLineageKind().send(url, "OpenLineage", Message("m", "t", "b")).reason is None
    assert receiver.requests == []
    OpenLineageKind().send(url, "OpenLineage", MESSAGE)
    assert "authorization" not in receiver.requests[0].headers


def test_an_event_that_is_not_accepted_ends_it(receiver):
    receiver.answers = [201, 429]
    receiver.headers = {"Retry-After": "9"}
    found = OpenLineageKind().send(f"openlineage+{receiver.url}", "OpenLineage", MESSAGE)
    assert str(found.reason) == "OpenLineage answered 429"
    assert (found.retry_seconds, found.is_final) == (9, False)
    assert len(receiver.requests) == 2


def test_a_lost_connection_is_tried_again(receiver):
    receiver.answers = [200, 0]
    receiver.released.set()
    found = OpenLineageKind().send(f"openlineage+{receiver.url}", "OpenLineage", MESSAGE)
    assert found.reason is not None and found.reason.code == "channel-unreachable"
    assert not found.is_final
