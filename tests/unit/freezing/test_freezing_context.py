"""Freezing needs no services: the dispatcher freezes with a context of its own."""

from nbyard.freezing.executable_versions import Freezer
from nbyard.freezing.freezing_context import FreezingContext


def test_a_file_is_frozen_without_services(yard, tool):
    parts = yard.context
    context = FreezingContext(parts.settings, yard.store, parts.blobs, parts.files)
    freezer = Freezer(context)
    code = freezer.load(tool)
    fields = freezer.prepare(code)
    with yard.store.write() as c:
        made = freezer.follow(c, "ann", code, fields)
    assert parts.blobs.exists(made.current.bundle_digest)
