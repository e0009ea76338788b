"""Rows of channels: URLs are sealed, bound to their channel, and never in the database as text."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from nbyard.domain.credentials import Credential
from nbyard.domain.ids import new_id
from nbyard.domain.notices.structs import Channel, ChannelSecret, DigestLimit
from nbyard.errors import Conflict, StaleWrite, StoreUnusable
from nbyard.reasons.structs import because
from nbyard.store import Connection, Store
from nbyard.store.automations.queries import AutomationSecretRows
from nbyard.store.credentials.queries import CredentialRows
from nbyard.store.credentials.vault import FILE, Vault
from nbyard.store.notices.channels import ChannelRows

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
URL = "https://h.test/T/s3cr3t"
CREDENTIAL = Credential("c", "c", "ann", "token", "", {}, ["secret"], 1, NOW, NOW)
WHY = because("channel-answered", service="webhook", status=500)


def add(store: Store, c: Connection, name: str = "team", owner: str = "ann") -> Channel:
    made = Channel(
        id=new_id(),
        name=name,
        owner=owner,
        revision=1,
        kind="webhook",
        service="webhook",
        address="https://h.test/…",
        digest=DigestLimit(3, 60),
        created_at=NOW,
        updated_at=NOW,
    )
    store.channels.insert_sealed(c, made, ChannelSecret(URL, ["nas"], "https://lab"))
    return made


def test_a_channel_is_read_unchanged(store):
    with store.write() as c:
        made = add(store, c)
    with store.read() as c:
        assert store.channels.get(c, "ann", "team") == store.channels.by_id(c, made.id) == made
        assert store.channels.secret(c, made) == ChannelSecret(URL, ["nas"], "https://lab")
        assert store.channels.with_url(c, made).allowed == ["nas"]
        assert "s3cr3t" not in repr(store.channels.secret(c, made))


def test_a_missing_key_is_not_replaced(store):
    """A new key beside old secrets would hide that the old one is needed."""
    with store.write() as c:
        assert not store.credentials.needs_key(c)
        made = add(store, c)
        assert store.credentials.needs_key(c)
    (store.folder / FILE).unlink()
    vault = Vault(store.folder)
    with store.write() as c:
        with pytest.raises(StoreUnusable):
            ChannelRows(vault).secret(c, made)
        with pytest.raises(StoreUnusable):
            AutomationSecretRows(vault).seal(c, "ann", "t", "whsec_1")
        with pytest.raises(StoreUnusable):
            CredentialRows(vault).insert_sealed(c, CREDENTIAL, {})
    assert not (store.folder / FILE).exists()


def test_a_missing_key_of_credentials_is_not_replaced(store):
    with store.write() as c:
        store.credentials.insert_sealed(c, CREDENTIAL, {"secret": "x"})
        made = add(store, c)
        store.channels.delete(c, made)
    (store.folder / FILE).unlink()
    with store.write() as c, pytest.raises(StoreUnusable):
        ChannelRows(Vault(store.folder)).insert_sealed(c, made, ChannelSecret(URL))


def test_the_url_is_sealed_and_bound_to_its_channel(store):
    with store.write() as c:
        first, second = add(store, c, "a"), add(store, c, "b")
        rows = c.exec_driver_sql("select id, sealed from notice_channels").fetchall()
        sealed = {row[0]: row[1] for row in rows}
        assert all("s3cr3t" not in text for text in sealed.values())
        c.exec_driver_sql(
            f"update notice_channels set sealed = '{sealed[first.id]}' where id = '{second.id}'"
        )
        with pytest.raises(Conflict):
            store.channels.secret(c, second)


def test_a_renamed_channel_keeps_its_url_and_a_new_url_is_tried_at_once(store):
    with store.write() as c:
        made = add(store, c)
        store.channels.note_failed(c, made, NOW, WHY, NOW + timedelta(hours=1))
        store.channels.change_sealed(c, made, None, name="other")
        with pytest.raises(StaleWrite):
            store.channels.change_sealed(c, made, None, name="stale")
        found = store.channels.by_id(c, made.id)
        assert found is not None
        assert (found.name, found.revision, found.error) == ("other", 2, WHY)
        assert store.channels.secret(c, found).url == URL
        store.channels.change_sealed(c, found, ChannelSecret("https://new.test/"))
        found = store.channels.by_id(c, made.id)
        assert found is not None and found.error is None and found.retry_at is None
        assert store.channels.secret(c, found).url == "https://new.test/"


def test_a_success_clears_the_error(store):
    with store.write() as c:
        made = add(store, c)
        store.channels.note_failed(c, made, NOW, WHY, NOW)
        store.channels.note_sent(c, made, NOW)
        found = store.channels.by_id(c, made.id)
        assert found is not None
        assert (found.sent_at, found.failed_at, found.error) == (NOW, NOW, None)
        store.channels.pause_until(c, made, NOW)
        assert store.channels.by_id(c, made.id) == msgspec.structs.replace(found, retry_at=NOW)


def test_urls_are_sealed_again_with_a_newer_key(store, monkeypatch):
    with store.write() as c:
        made = add(store, c)
    old = (store.folder / "crypt.key").read_text().strip()
    monkeypatch.setenv("NBYARD_CRYPT_KEY", f"{'ab' * 32};{old}")
    rows = ChannelRows(Vault(store.folder))
    with store.write() as c:
        assert (rows.reseal_all(c, "ann"), rows.reseal_all(c, "ann")) == (1, 0)
        assert rows.secret(c, made).url == URL
