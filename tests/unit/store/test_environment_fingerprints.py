"""What was installed where a task ran."""

from nbyard.store import Store


def test_an_environment_is_remembered_once(store: Store) -> None:
    with store.write() as c:
        assert store.fingerprints.packages(c, "sha256:a") is None
        store.fingerprints.store_packages(c, "sha256:a", {"numpy": "2.4"})
        store.fingerprints.store_packages(c, "sha256:a", {"numpy": "another"})
    with store.read() as c:
        assert store.fingerprints.packages(c, "sha256:a") == {"numpy": "2.4"}


def test_empty_environments_are_not_stored(store: Store) -> None:
    with store.write() as c:
        store.fingerprints.store_packages(c, "docker image " + "x" * 200, {})
        assert store.fingerprints.packages(c, "docker image " + "x" * 200) is None
