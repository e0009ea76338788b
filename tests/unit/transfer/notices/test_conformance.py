"""Our own kinds of channels pass the suite that strangers get."""

import pytest

from nbyard.testing.conformance.channels import SECRET, ChannelConformance
from nbyard.transfer.notices.apprise_channels import AppriseKind
from nbyard.transfer.notices.openlineage import OpenLineageKind
from nbyard.transfer.notices.protocol import ChannelKind
from nbyard.transfer.notices.webhook import WebhookKind


class TestWebhook(ChannelConformance):
    foreign = "slack://a/b/c"

    def url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/{SECRET}"

    @pytest.fixture
    def kind(self) -> ChannelKind:
        return WebhookKind()


@pytest.mark.leaves_running  # Apprise keeps a thread
class TestApprise(ChannelConformance):
    foreign = "https://example.org/hook"

    def url(self, port: int) -> str:
        return f"json://127.0.0.1:{port}/{SECRET}"

    @pytest.fixture
    def kind(self) -> ChannelKind:
        return AppriseKind()


class TestOpenLineage(ChannelConformance):
    foreign = "https://example.org/hook"

    def url(self, port: int) -> str:
        return f"openlineage+http://{SECRET}@127.0.0.1:{port}/api/v1/lineage"

    @pytest.fixture
    def kind(self) -> ChannelKind:
        return OpenLineageKind()
