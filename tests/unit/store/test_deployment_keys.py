"""Rows of the keys of deployments."""

from datetime import UTC, datetime, timedelta

from nbyard.domain.deployments.keys import DeploymentKey

from .test_deployments import add

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FIRST = DeploymentKey("1", "nbk_first", "cron", NOW, None)
SECOND = DeploymentKey("2", "nbk_second", "", NOW, NOW + timedelta(days=1))


def test_keys_are_listed_without_their_hashes_and_deleted(store):
    rows, cows, other = store.deployment_keys, add(store, "d"), add(store, "e", name="other")
    with store.write() as c:
        rows.insert(c, cows, FIRST, "a" * 64)
        rows.insert(c, cows, SECOND, "b" * 64)
        assert rows.list(c, "d") == [SECOND, FIRST]
        assert rows.list(c, "e") == []
        assert rows.expiry_by_hash(c, "d") == {"a" * 64: None, "b" * 64: SECOND.expires_at}
        rows.delete(c, cows, SECOND)
        assert rows.list(c, "d") == [FIRST]
        store.deployments.delete(c, "d")
        assert rows.list(c, "d") == []
        assert rows.port(c, other.id) == 0
        rows.set_port(c, other.id, 4000)
        assert rows.port(c, other.id) == 4000
        assert store.deployments.get(c, "ada", "other").port == 4000
