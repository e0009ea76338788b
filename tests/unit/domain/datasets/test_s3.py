"""Names, requests and signatures for objects in S3."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.datasets.s3 import (
    S3Object,
    address_of,
    read_object,
    signed_headers,
)
from nbyard.domain.parsing.urls import parse_url
from nbyard.errors import Invalid

# those of Amazon's own examples
FIELDS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
AT = datetime(2013, 5, 24, tzinfo=UTC)
COW = S3Object("minio", "sea", "a/cow 1.csv")


def test_the_signature_equals_amazons_example():
    """ "Example: GET Object" of its documentation."""
    target = parse_url("https://examplebucket.s3.amazonaws.com/test.txt")
    headers = signed_headers(target, FIELDS, AT, {"range": "bytes=0-9"})
    assert headers["x-amz-date"] == "20130524T000000Z"
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_a_session_token_is_sent_and_signed():
    target = parse_url("https://h.test/sea/cow")
    told = signed_headers(target, {**FIELDS, "session_token": "abc", "region": "eu-west-1"}, AT)
    assert told["x-amz-security-token"] == "abc"
    assert "x-amz-date;x-amz-security-token, " in told["Authorization"]
    assert "/eu-west-1/s3/" in told["Authorization"]
    plain = signed_headers(target, FIELDS, AT)
    assert plain["Authorization"] != told["Authorization"]
    assert FIELDS["secret_access_key"] not in repr(told)


@pytest.mark.parametrize("text", ["ü", "a\nX-Other: 1"])
def test_invalid_header_values_are_refused_without_showing_them(text):
    with pytest.raises(Invalid, match="only printable ASCII characters") as refused:
        signed_headers(parse_url("https://h.test/a"), {**FIELDS, "session_token": text}, AT)
    assert text not in str(refused.value)


@given(st.text(min_size=1), st.from_regex(r"[a-z]([a-z/]{0,20}[a-z])?", fullmatch=True))
def test_any_credential_name_is_found_again(name, key):
    assert read_object(f"s3://{quote(name, safe='')}@sea/{key}") == S3Object(name, "sea", key)


def test_a_key_is_used_unchanged():
    found = read_object("s3://minio@sea/a?b=#c%20d@e:f/1 2.csv")
    assert found == S3Object("minio", "sea", "a?b=#c%20d@e:f/1 2.csv")
    assert found.filename == "1 2.csv"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3://sea/cow.csv", "has no credential: write s3://CREDENTIAL@bucket/key"),
        ("s3://minio@sea", "must refer to an object, not to a folder"),
        ("s3://minio@sea/folder/", "must refer to an object, not to a folder"),
        ("s3://minio@SEA/cow", "has no valid S3 bucket"),
        ("s3://minio@sea:80/cow", "has no valid S3 bucket"),
        ("s3://minio@/cow", "has no valid S3 bucket"),
        ("https://h.test/cow", "has no valid S3 bucket"),
        ("s3://key:word@sea/cow", "may not contain a password"),
        ("s3://minio@sea/a/../cow", "may not contain . or .."),
        ("s3://minio@sea/a/%2e%2E/cow", "may not contain . or .."),
        ("s3://minio@sea/a\r\nb", "control characters"),
        ("s3://minio@sea/" + "ü" * 513, "at most 1024 bytes"),
    ],
)
def test_an_invalid_address_is_refused_with_the_format(text, words):
    with pytest.raises(Invalid) as refused:
        read_object(text, "source.url")
    assert words in str(refused.value)
    assert refused.value.details[0].path == "source.url"


@pytest.mark.parametrize(
    ("bucket", "fields", "address"),
    [
        ("sea", {}, "https://sea.s3.us-east-1.amazonaws.com/a/cow%201.csv"),
        ("sea", {"region": "eu-west-1"}, "https://sea.s3.eu-west-1.amazonaws.com/a/cow%201.csv"),
        ("the.sea", {}, "https://s3.us-east-1.amazonaws.com/the.sea/a/cow%201.csv"),
        ("sea", {"endpoint_url": "http://h.test:9000/"}, "http://h.test:9000/sea/a/cow%201.csv"),
        ("sea", {"endpoint_url": "https://h.test/s3"}, "https://h.test/s3/sea/a/cow%201.csv"),
    ],
)
def test_the_endpoint_defaults_to_amazon(bucket, fields, address):
    wanted = S3Object("minio", bucket, COW.key)
    assert address_of(wanted, fields) == address
    assert parse_url(address).url == address


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint_url": "h.test:9000"},
        {"endpoint_url": "file:///etc"},
        {"endpoint_url": "https://h.test/?a=1"},
        {"region": "eu.evil.test/"},
    ],
)
def test_an_invalid_endpoint_names_the_credential(fields):
    with pytest.raises(Invalid, match="the credential 'minio'"):
        address_of(COW, fields)
