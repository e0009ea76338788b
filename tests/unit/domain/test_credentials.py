"""The parts of a credential, and which of them are never shown."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaked_secrets import CANARY

from nbyard.domain.credentials import (
    KINDS,
    Credential,
    CredentialPatch,
    Login,
    NewCredential,
    check_fields,
    content_of,
    hidden_of,
    is_plain,
    kind_of,
    login_of,
    read_variables,
    split_fields,
)
from nbyard.errors import Invalid

S3 = {"access_key_id": "ann", "secret_access_key": CANARY, "region": "eu-west-1"}
HUB = {"server": "h.test", "username": "ann", "password": CANARY}
CLOUD = {"url": "https://cloud.test/dav", "username": "ann", "password": CANARY}
NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True)
VALUES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)


def test_each_kind_has_a_required_secret_field():
    for kind in KINDS:
        assert [field for field in kind.fields if field.secret and field.required]
        assert kind_of(kind.kind) is kind
    with pytest.raises(Invalid, match="must be one of token, env-file, s3, webdav, registry"):
        kind_of("ftp")


@pytest.mark.parametrize(
    ("kind", "fields", "hidden"),
    [("s3", S3, "secret_access_key"), ("webdav", CLOUD, "password"), ("registry", HUB, "password")],
)
def test_fields_are_split_and_empty_ones_left_out(kind, fields, hidden):
    known = kind_of(kind)
    empty = {field.name: "" for field in known.fields}
    shown, secret = split_fields(known, check_fields(known, empty | fields))
    assert shown == {name: text for name, text in fields.items() if name != hidden}
    assert secret == {hidden: CANARY}


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_trailing_line_breaks_are_removed(end):
    """A variable of a process and one of a container are the same."""
    assert check_fields(kind_of("token"), {"secret": f" a\nb {end}"}) == {"secret": " a\nb "}
    assert check_fields(kind_of("s3"), {**S3, "region": f"eu{end}"})["region"] == "eu"


@pytest.mark.parametrize(
    ("kind", "fields", "where", "words"),
    [
        ("token", {}, "fields.secret", "a value is needed"),
        ("token", {"secret": "  "}, "fields.secret", "a value is needed"),
        ("token", {"secret": "x" * 70_000}, "fields.secret", "at most 64 KiB"),
        ("token", {"secret": "a\0"}, "fields.secret", "NUL"),
        (
            "token",
            {"secret": "a", "user": "b"},
            "fields.user",
            "unknown field; Token or password has the fields: secret",
        ),
        ("s3", {**S3, "region": "a\nb"}, "fields.region", "one line"),
        ("registry", {**HUB, "server": "a b"}, "fields.server", "is not a registry address"),
        ("env-file", {"text": f"A=1\n{CANARY}"}, "fields.text", "line 2 is not NAME=value"),
    ],
)
def test_an_unfit_value_names_its_field_and_is_never_shown(kind, fields, where, words):
    with pytest.raises(Invalid) as refused:
        check_fields(kind_of(kind), fields)
    assert [one.path for one in refused.value.details] == [where]
    assert words in refused.value.message
    assert CANARY not in refused.value.words


def test_the_work_gets_a_text_or_all_fields_as_json():
    assert is_plain("token") and not is_plain("s3")
    assert content_of("token", {"secret": CANARY}) == CANARY
    assert content_of("s3", {"access_key_id": "ä"}) == '{"access_key_id": "ä"}'


def test_each_value_and_its_lines_are_hidden():
    assert hidden_of("s3", S3) == [CANARY]
    assert hidden_of("env-file", {"text": f"# of ann\nexport A='{CANARY}'\nB=1\n"}) == [CANARY]
    key = "-----BEGIN KEY-----\nabcdefghijkl\n==\n-----END KEY-----\n"
    hidden = hidden_of("token", {"secret": key})
    assert hidden[0] == key.strip() and "abcdefghijkl" in hidden and "==" not in hidden
    assert hidden_of("token", {"secret": "abc"}) == []


@given(st.dictionaries(NAMES, VALUES.map(str.strip), max_size=5))
def test_variables_are_read_unchanged(wanted):
    text = "\n".join(f'{name}="{value}"' for name, value in wanted.items())
    assert read_variables(text) == wanted


def test_the_repr_of_a_request_has_no_secret():
    assert CANARY not in repr(NewCredential("a", "token", {"secret": CANARY}))
    assert CANARY not in repr(CredentialPatch(1, {"secret": CANARY}))


def test_the_most_specific_login_of_a_registry_is_used():
    """Of several for the same place the newest."""
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def login(key: str, server: str, kind: str = "registry") -> Credential:
        fields = {"server": server} if server else {}
        return Credential(key, f"n{key}", "ann", kind, "", fields, [], 1, now, now)

    kept = [
        login("1", "h.test"),
        login("4", "h.test"),
        login("2", "h.test/team"),
        login("3", "docker.io"),
        login("5", "h.test/team/cows", "s3"),
        login("6", ""),
    ]
    for image, key in {
        "h.test/cows:1": "4",
        "h.test/team/cows:1": "2",
        "h.test/teams/cows:1": "4",
        "cows:1": "3",
    }.items():
        found = login_of(image, kept)
        assert found is not None and found.id == key, image
    assert login_of("h.test:5000/cows", kept) is None
    assert login_of("h.test.evil.test/cows", kept) is None


def test_a_login_shows_no_secret():
    assert CANARY not in repr(Login("hub", "ann", CANARY))
