"""Objects in S3 and compatible stores: names, addresses and signed requests.

Signatures are of version 4, as in Amazon's "Signature calculations for the Authorization
header". Pure; nothing is fetched here.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

import msgspec

from nbyard.domain.parsing.urls import Target
from nbyard.errors import Invalid

SCHEME = "s3://"
KIND = "s3"
AMAZON = "amazonaws.com"
# Amazon's default
REGION = "us-east-1"
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
# The region becomes part of a host name. A dot or slash would lead requests to another host.
ABOUT = re.compile(r"[a-z0-9-]{1,40}")
# the limit of S3, in bytes
MAX_KEY = 1024
# the body of a GET is empty
EMPTY = hashlib.sha256(b"").hexdigest()
ALGORITHM = "AWS4-HMAC-SHA256"


class S3Object(msgspec.Struct, frozen=True):
    """An object, and the name of the credential for its requests."""

    credential: str
    bucket: str
    key: str

    @property
    def filename(self) -> str:
        """Return the last part of its key."""
        return self.key.rpartition("/")[2]


def read_object(text: str, field: str = "url") -> S3Object:
    """Parse `s3://CREDENTIAL@bucket/key`.

    The key is taken unchanged. In the name of a credential, characters other than letters,
    digits and `-._~` are percent-encoded.

    Raises:
        Invalid: the text is not such an address. The error names the field.
    """
    place, _, key = text.removeprefix(SCHEME).partition("/")
    named, _, bucket = place.rpartition("@")
    if not text.startswith(SCHEME) or not BUCKET.fullmatch(bucket):
        raise Invalid.field(field, "has no valid S3 bucket: write s3://CREDENTIAL@bucket/key")
    if ":" in named:
        raise Invalid.field(
            field, "may not contain a password", hint="Store it as a credential of the kind s3."
        )
    if not named:
        raise Invalid.field(field, "has no credential: write s3://CREDENTIAL@bucket/key")
    if not key or key.endswith("/"):
        raise Invalid.field(
            field, "must refer to an object, not to a folder: write s3://CREDENTIAL@bucket/key"
        )
    if len(key.encode("utf-8", "replace")) > MAX_KEY:
        raise Invalid.field(field, f"may have at most {MAX_KEY} bytes in its key")
    if not key.isprintable():
        raise Invalid.field(field, "may not contain control characters")
    # HTTP libraries and proxies may resolve such segments and fetch another object.
    if any(part in (".", "..") for part in unquote(key).split("/")):
        raise Invalid.field(field, "may not contain . or .. in its key")
    return S3Object(unquote(named), bucket, key)


def address_of(wanted: S3Object, fields: Mapping[str, str], field: str = "url") -> str:
    """Return the address of an object.

    `fields` are those of its credential. The address is at the endpoint of the credential, else at
    Amazon's endpoint of its region. `field` is the field that errors name.

    Raises:
        Invalid: the endpoint or the region of the credential is invalid.
    """
    key = quote(wanted.key, safe="/~")
    endpoint = fields.get("endpoint_url", "").strip().rstrip("/")
    if endpoint:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or parts.query or parts.fragment:
            reason = (
                f"the endpoint of the credential {wanted.credential!r} is not an http(s) address"
            )
            raise Invalid.field(field, reason)
        return f"{endpoint}/{wanted.bucket}/{key}"
    region = fields.get("region", "").strip() or REGION
    if not ABOUT.fullmatch(region):
        raise Invalid.field(field, f"the credential {wanted.credential!r} has an invalid region")
    host = f"s3.{region}.{AMAZON}"
    if "." in wanted.bucket or "_" in wanted.bucket:  # no certificate covers such a host
        return f"https://{host}/{wanted.bucket}/{key}"
    return f"https://{wanted.bucket}.{host}/{key}"


def signed_headers(
    target: Target,
    fields: Mapping[str, str],
    at: datetime,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a signed GET of this target, besides `Host`.

    `fields` are those of the credential, `at` is the time of the request. Headers in `more` are
    signed too.

    Raises:
        Invalid: the credential contains characters that a header cannot contain.
    """
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    region = fields.get("region", "").strip() or REGION
    headers = {"x-amz-content-sha256": EMPTY, "x-amz-date": moment, **(more or {})}
    if token := fields.get("session_token"):
        headers["x-amz-security-token"] = token
    signed = {name.lower(): text for name, text in headers.items()}
    signed["host"] = urlsplit(target.url).netloc
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    # The canonical request. Its third line is the query, which is always empty here.
    asked = "\n".join(["GET", target.path, "", lines, names, EMPTY])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = f"AWS4{fields['secret_access_key']}".encode()
    # the signing key depends on date, region and service, in this order
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join([ALGORITHM, moment, scope, digest])
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    owner = f"{fields['access_key_id']}/{scope}"
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={owner}, SignedHeaders={names}, Signature={signature}"
    )
    # A line break in a session token would add a header to the request.
    if not all(str(text).isascii() and text.isprintable() for text in headers.values()):
        raise Invalid(
            "An access key ID and a session token may contain only printable ASCII characters."
        )
    return headers
