"""Rows of credentials."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from tests.support.leaked_secrets import CANARY, is_in

from nbyard.domain.credentials import Credential, Login
from nbyard.errors import NbyardError, StaleWrite, StoreUnusable
from nbyard.store.credentials.vault import VARIABLE, Vault
from nbyard.store.schema.tables import credentials

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def add(store, key: str, owner: str = "ada", kind: str = "token", name: str = "") -> Credential:
    name = name or f"name {key}"
    made = Credential(key, name, owner, kind, "", {"a": "b"}, ["secret"], 1, NOW, NOW)
    with store.write() as c:
        store.credentials.insert_sealed(c, made, {"secret": CANARY})
    return made


def test_a_row_has_no_secret_and_is_visible_to_its_owner_only(store):
    made = add(store, "1")
    with store.read() as c:
        assert store.credentials.get(c, "ada", "1") == made
        assert store.credentials.get(c, "ada", "name 1") == made
        assert store.credentials.get(c, "bob", "1") is None
        assert store.credentials.fields(c, made) == {"a": "b", "secret": CANARY}
        row = c.execute(select(credentials)).one()
        assert not is_in(repr(tuple(row)).encode())
        told = store.events.events_after(c, "ada", 0, 9)
    assert [(event.topic, event.data) for event in told] == [("credential", {"change": "created"})]


@pytest.mark.parametrize(("kind", "found"), [("s3", ["2"]), ("", ["2", "1"])])
def test_pages_are_filtered_by_kind(store, kind, found):
    add(store, "1")
    add(store, "2", kind="s3")
    with store.read() as c:
        assert [one.id for one in store.credentials.page(c, "ada", 9, "", "", kind=kind)] == found


def test_the_second_of_two_changes_is_refused(store):
    made = add(store, "1")
    with store.write() as c:
        store.credentials.change_sealed(c, made, None, fields={})
        with pytest.raises(StaleWrite):
            store.credentials.change_sealed(c, made, {"secret": "other"})
        new = store.credentials.find(c, "ada", made.id)
        assert (new.version, new.fields) == (2, {})
        assert store.credentials.fields(c, new) == {"secret": CANARY}


def test_a_row_moved_to_another_owner_cannot_be_read(store):
    made = add(store, "1")
    with store.write() as c:
        c.execute(update(credentials).values(owner="bob"))
        stolen = store.credentials.get(c, "bob", made.id)
        with pytest.raises(NbyardError, match="changed outside"):
            store.credentials.fields(c, stolen)


def test_credentials_are_sealed_again_with_the_newest_key(store, monkeypatch):
    made = add(store, "1")
    old = (store.folder / "crypt.key").read_text().strip()
    monkeypatch.setenv(VARIABLE, "0" * 64 + ";" + old)
    rows = type(store.credentials)(Vault(store.folder))
    with store.write() as c:
        assert (rows.reseal_all(c, "ada"), rows.reseal_all(c, "ada")) == (1, 0)
        assert rows.fields(c, made)["secret"] == CANARY


def test_no_new_key_is_created_beside_sealed_rows(store, monkeypatch):
    """A process that was not given it says so."""
    monkeypatch.setenv(VARIABLE, "0" * 64)
    made = add(store, "1")
    monkeypatch.delenv(VARIABLE)
    rows = type(store.credentials)(Vault(store.folder))
    for use in (
        lambda c: rows.fields(c, made),
        lambda c: rows.change_sealed(c, made, {"secret": "other"}),
        lambda c: rows.reseal_all(c, "ada"),
    ):
        with pytest.raises(StoreUnusable, match="that is missing") as told, store.write() as c:
            use(c)
        assert VARIABLE in told.value.hint
    assert not (store.folder / "crypt.key").exists()
    (store.folder / "crypt.key").write_text("1" * 64)
    with store.write() as c:
        rows.change_sealed(c, made, {"secret": "other"})
        assert rows.fields(c, made)["secret"] == "other"


def test_only_the_login_of_the_owner_is_opened(store, monkeypatch):
    fields = {"server": "h.test", "username": "ann"}
    made = Credential("1", "hub", "ada", "registry", "", fields, ["password"], 1, NOW, NOW)
    with store.write() as c:
        store.credentials.insert_sealed(c, made, {"password": CANARY})
    with store.read() as c:
        login = store.credentials.login
        assert login(c, "ada", "h.test/cows:1") == Login("hub", "ann", CANARY)
        monkeypatch.setattr(store.credentials, "fields", None)
        assert login(c, "bob", "h.test/cows:1") is None
        assert login(c, "ada", "other.test/cows:1") is None
