"""Versions that a run would store: found without storing any."""

from nbyard.freezing.executable_versions import DryVersions, Freezer


def test_the_version_that_a_run_would_use(yard, tool, root):
    freezer, store = Freezer(yard.context), yard.store
    code = freezer.load(tool)
    fields = freezer.prepare(code)

    def follow(**changes):
        dry = DryVersions(store)
        with store.read() as c:
            return dry, dry.follow(c, "ann", code, fields | changes)

    dry, found = follow()
    assert (found.id, found.name, [*dry.new]) == ("", "tool", [found.current.id])
    assert found.current.id == follow()[1].current.id, "the same until the file changes"
    with store.write() as c:
        stored = freezer.follow(c, "ann", code, fields)
    dry, found = follow()
    assert (found, dry.new) == (stored, {})
    dry, found = follow(code_digest="other")
    assert (found.id, found.name, [*dry.new]) == (stored.id, stored.name, [found.current.id])
    assert found.current.code_digest == "other"
    with store.read() as c:
        assert len(store.executables.versions(c, stored.id)) == 1
