"""Credentials are stored, selected by name, and never shown again."""

import msgspec
import pytest
from sqlalchemy import select, update
from tests.support.leaked_secrets import CANARY, is_in
from tests.support.refusals import refused_at

from nbyard.domain.callers import Caller
from nbyard.domain.credentials import CredentialPatch, NewCredential
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound, StaleWrite, StoreUnusable
from nbyard.store.schema.tables import credentials as rows

S3 = {"access_key_id": "ann", "secret_access_key": CANARY}


@pytest.fixture
def credentials(yard):
    return yard.services.credentials


def secret_of(yard, made):
    with yard.store.read() as c:
        return yard.store.credentials.fields(c, made)


def test_secrets_are_stored_and_never_returned(credentials, yard, ann):
    made = credentials.create(ann, NewCredential("minio", "s3", S3, "of the lab"))
    assert (made.fields, made.kept) == ({"access_key_id": "ann"}, ["secret_access_key"])
    answers = [made, credentials.list(ann), credentials.get(ann, "minio")]
    assert not is_in(msgspec.json.encode(answers))
    assert secret_of(yard, made)["secret_access_key"] == CANARY
    for path in yard.store.folder.rglob("*"):
        assert not path.is_file() or not is_in(path.read_bytes()), path
    assert next(kind.kind for kind in credentials.kinds(ann)) == "token"


def test_other_users_do_not_see_a_credential(credentials, ann):
    made = credentials.create(ann, NewCredential("api", "token", {"secret": CANARY}))
    bob = Caller("bob")
    assert credentials.list(bob).items == []
    for call in (credentials.get, credentials.delete):
        with pytest.raises(NotFound, match="There is no credential"):
            call(bob, made.id)
    credentials.create(bob, NewCredential("api", "token", {"secret": "other"}))


def test_a_credential_is_found_by_name_with_suggestions(credentials, ann):
    credentials.create(ann, NewCredential("weather-api", "token", {"secret": CANARY}))
    with pytest.raises(NotFound) as refused:
        credentials.get(ann, "wether-api")
    assert "'weather-api'" in refused.value.hint


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (NewCredential("", "token", {"secret": "a"}), "name"),
        (NewCredential("a/b", "token", {"secret": "a"}), "name"),
        (NewCredential("0193f8b2-7d5c-7a44-9f63-6a54b8a2f0de", "token", {"secret": "a"}), "name"),
        (NewCredential("a", "ftp", {}), "kind"),
        (NewCredential("a", "token", {}), "fields.secret"),
        (NewCredential("a", "token", {"secret": "a"}, "x" * 10_001), "description"),
    ],
)
def test_invalid_values_are_refused_at_their_field(credentials, ann, body, where):
    with refused_at(where):
        credentials.create(ann, body)
    assert credentials.list(ann).items == []


def test_names_are_unique(credentials, ann):
    credentials.create(ann, NewCredential("api", "token", {"secret": "a"}))
    with pytest.raises(NameTaken, match="The credential 'api' already"):
        credentials.create(ann, NewCredential("api", "token", {"secret": "b"}))


def test_omitted_fields_are_kept(credentials, yard, ann):
    made = credentials.create(ann, NewCredential("minio", "s3", {**S3, "region": "eu"}))
    patch = CredentialPatch(1, {"secret_access_key": "new", "region": ""}, "mine")
    new = credentials.update(ann, "minio", patch)
    assert (new.version, new.fields, new.description) == (2, {"access_key_id": "ann"}, "mine")
    assert secret_of(yard, new) == {"access_key_id": "ann", "secret_access_key": "new"}
    with pytest.raises(StaleWrite):
        credentials.update(ann, "minio", patch)
    with pytest.raises(Invalid, match=r"fields\.access_key_id: a value"):
        credentials.update(ann, "minio", CredentialPatch(2, {"access_key_id": ""}))
    told = credentials.update(ann, "minio", CredentialPatch(2, description="of the lab"))
    assert (told.description, told.kept) == ("of the lab", ["secret_access_key"])
    assert secret_of(yard, made)["secret_access_key"] == "new"


@pytest.mark.parametrize("sealed", ["00000000:AAAA", "{key}:AAAA", "{key}:{data}", "{key}:x"])
def test_an_unreadable_secret_can_be_replaced(credentials, yard, ann, sealed):
    """Its key is lost, or somebody changed the row."""
    given = {**S3, "session_token": "old", "region": "eu"}
    made = credentials.create(ann, NewCredential("minio", "s3", given))
    with yard.store.write() as c:
        key, data = c.execute(select(rows.c.sealed)).scalar_one().split(":")
        c.execute(update(rows).values(sealed=sealed.format(key=key, data=data[:-8] + "AAAAAA==")))
    for refused in (
        lambda: credentials.update(ann, "minio", CredentialPatch(1, {"region": "us"})),
        lambda: credentials.reseal(ann) if "0000" in sealed else secret_of(yard, made),
    ):
        with pytest.raises((StoreUnusable, Conflict), match="'minio' was") as told:
            refused()
        assert "eplace the secret values" in told.value.hint
    new = credentials.update(ann, "minio", CredentialPatch(1, {"secret_access_key": "new"}))
    assert (new.kept, new.fields["region"]) == (["secret_access_key"], "eu")
    assert secret_of(yard, new)["secret_access_key"] == "new"


def test_credentials_are_deleted_and_sealed_again(credentials, ann):
    credentials.create(ann, NewCredential("api", "token", {"secret": "a"}))
    assert credentials.reseal(ann).count == 0
    credentials.delete(ann, "api")
    assert credentials.list(ann).items == []
