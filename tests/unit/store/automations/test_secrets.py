"""Secrets of webhooks: sealed, and sealed again with a newer key."""

import pytest
from msgspec.structs import replace

from nbyard.errors import Conflict
from nbyard.store.automations.queries import AutomationSecretRows
from nbyard.store.credentials.vault import FILE, VARIABLE, Vault


def seal(store, stored, name="a"):
    with store.write() as c:
        sealed = store.automation_secrets.seal(c, "ann", name, "whsec_1")
    stored.add(name, "webhook", secret=sealed)
    with store.read() as c:
        return store.automations.by_id(c, name)


def test_a_secret_is_encrypted_and_bound_to_its_automation(store, stored):
    row, other = seal(store, stored), seal(store, stored, "b")
    assert "whsec" not in row.secret and store.automation_secrets.secret(row) == "whsec_1"
    with pytest.raises(Conflict):
        store.automation_secrets.secret(replace(row, secret=other.secret))


def test_secrets_get_the_newest_key(store, stored, monkeypatch):
    row = seal(store, stored)
    old = (store.folder / FILE).read_text().strip()
    monkeypatch.setenv(VARIABLE, f"{'ab' * 32};{old}")
    newer = AutomationSecretRows(Vault(store.folder))
    with store.write() as c:
        assert newer.reseal_all(c, "eve") == 0
        assert newer.reseal_all(c, "ann") == 1
        assert newer.reseal_all(c, "ann") == 0
        again = store.automations.by_id(c, "a")
    assert again.secret != row.secret and newer.secret(again) == "whsec_1"
