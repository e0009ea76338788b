"""Our own modes keep to what strangers' must."""

from nbyard.testing.conformance.serving import ModeConformance


class TestHttp(ModeConformance):
    name = "http"


class TestBatch(ModeConformance):
    name = "batch"
