"""Keys with which programs call a deployment."""

from nbyard.domain.deployments.keys import PREFIX, SHOWN, hash_of_key, new_key_text


def test_keys_are_unique_and_unguessable():
    keys = {new_key_text() for _ in range(100)}
    assert len({key[:SHOWN] for key in keys}) > 95
    assert all(key.startswith(PREFIX) and len(key) >= len(PREFIX) + 43 for key in keys)
    assert len({hash_of_key(key) for key in keys}) == 100
