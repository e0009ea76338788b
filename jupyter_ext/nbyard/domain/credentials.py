"""Credentials: named secrets of one owner. They are chosen by name and never shown again."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from nbyard.domain.arguments.structs import check_text
from nbyard.domain.images.structs import registry_place, repository_of
from nbyard.domain.paging import check_choice
from nbyard.domain.presentation import shown
from nbyard.errors import Detail, Invalid

MAX_FIELD = 64 * 1024
# Masking shorter texts would hide half of every log.
SHORTEST_HIDDEN = 4
# Shorter lines of a secret, such as `{` in a JSON key, occur in every log.
SHORTEST_LINE = 8
VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")


class CredentialField(msgspec.Struct, frozen=True):
    """One field of a kind of credential.

    A `secret` field is never shown. `several_lines` fields are edited in a text area.
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    several_lines: bool = False


class CredentialKind(msgspec.Struct, frozen=True):
    """The fields of a kind of credential.

    A task receives the text of a single field, or several fields as a JSON file.
    """

    kind: str
    label: str
    help: str
    fields: list[CredentialField]


KINDS = (
    CredentialKind(
        "token",
        "Token or password",
        "A secret text: an API token, a password or a private key.",
        [CredentialField("secret", "Secret", secret=True, several_lines=True)],
    ),
    CredentialKind(
        "env-file",
        "Variables",
        "Lines of NAME=value, as in a .env file. Each value is secret.",
        [CredentialField("text", "Lines of NAME=value", secret=True, several_lines=True)],
    ),
    CredentialKind(
        "s3",
        "S3",
        "A key of Amazon S3, MinIO or another store with the S3 API.",
        [
            CredentialField("access_key_id", "Access key ID"),
            CredentialField("secret_access_key", "Secret access key", secret=True),
            CredentialField("session_token", "Session token", secret=True, required=False),
            CredentialField(
                "endpoint_url", "Endpoint", "https://host:port. Empty: Amazon S3.", required=False
            ),
            CredentialField("region", "Region", required=False),
        ],
    ),
    CredentialKind(
        "webdav",
        "WebDAV or Nextcloud",
        "A login of a WebDAV server. For Nextcloud, create an app password in the settings.",
        [
            CredentialField("url", "Address", "https://cloud.example.org/remote.php/dav/files/ann"),
            CredentialField("username", "User name"),
            CredentialField("password", "Password", secret=True),
        ],
    ),
    CredentialKind(
        "registry",
        "Image registry",
        "A login of a container registry, to pull and push images.",
        [
            CredentialField(
                "server",
                "Server",
                "registry.example.org:5000 or docker.io. With a path (ghcr.io/team): for images"
                " below it only.",
            ),
            CredentialField("username", "User name"),
            CredentialField("password", "Password or token", secret=True),
        ],
    ),
)
_KINDS = {kind.kind: kind for kind in KINDS}


class Credential(msgspec.Struct, frozen=True):
    """A credential without its secrets.

    `fields` are the public fields, `kept` names the secret fields that are set. `version`
    counts replacements. `used_by` describes the users of the credential; lists omit it.
    """

    id: str
    name: str
    owner: str
    kind: str
    description: str
    fields: dict[str, str]
    kept: list[str]
    version: int
    created_at: datetime
    updated_at: datetime
    used_by: list[str] = []


class NewCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential to store. `fields` are those of its kind."""

    name: Annotated[str, shown("Name", order=1, fixed=True)]
    kind: Annotated[str, shown("Kind", order=2, fixed=True, widget="choice")]
    fields: dict[str, str]
    description: Annotated[str, shown("Description", order=4)] = ""

    def __repr__(self) -> str:
        return f"NewCredential({self.name!r}, {self.kind!r})"


class CredentialPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to replace. Omitted fields stay; an empty text removes an optional field.

    `version` is the version that was read.
    """

    version: int
    fields: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        return f"CredentialPatch({self.version})"


class Login(msgspec.Struct, frozen=True):
    """A login for a registry. `credential` is the name of the credential that stores it."""

    credential: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.credential!r})"


class Sealed(msgspec.Struct, frozen=True):
    """The number of credentials that were encrypted again."""

    count: int


def kind_of(name: str, path: str = "kind") -> CredentialKind:
    """Return the kind of credential with this name.

    Raises:
        Invalid: the kind does not exist.
    """
    return _KINDS[check_choice(path, name, _KINDS)]


def check_fields(kind: CredentialKind, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that are not empty, without line breaks at the end.

    Messages never repeat a value.

    Raises:
        Invalid: with one detail for each field that is unknown, missing or invalid.
    """
    known = [field.name for field in kind.fields]
    # Editors append a line break; a shell would remove it from a variable.
    fields = {name: text.rstrip("\r\n") for name, text in fields.items()}
    details = [
        Detail(
            f"fields.{name[:40]}", f"unknown field; {kind.label} has the fields: {', '.join(known)}"
        )
        for name in fields.keys() - known
    ]
    for field in kind.fields:
        if problem := _problem(field, fields.get(field.name, "")):
            details.append(Detail.of(f"fields.{field.name}", problem))
    if details:
        raise Invalid.fields(details)
    if kind.kind == "env-file":
        read_variables(fields["text"])
    if kind.kind == "registry" and not registry_place(fields["server"]):
        raise Invalid.field(
            "fields.server", "is not a registry address such as registry.example.org:5000"
        )
    return {name: text for name, text in fields.items() if text}


def _problem(field: CredentialField, text: str) -> str | None:
    if field.required and not text.strip():
        return "a value is needed"
    if len(text.encode("utf-8", "replace")) > MAX_FIELD:
        return f"may have at most {MAX_FIELD // 1024} KiB"
    if not field.several_lines and ("\n" in text or "\r" in text):
        return "must be one line"
    try:
        check_text(text, "")
    except Invalid as error:
        return error.details[0].message
    return None


def read_variables(text: str) -> dict[str, str]:
    """Parse NAME=value lines.

    Empty lines and lines that begin with # are ignored. Quotes around a value are removed.

    Raises:
        Invalid: another line, named by its number.
    """
    variables = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        read = VARIABLE.fullmatch(line.strip())
        if read is None:
            raise Invalid.field("fields.text", f"line {number} is not NAME=value")
        value = read[2].strip()
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        variables[read[1]] = value[1:-1] if is_quoted else value
    return variables


def split_fields(
    kind: CredentialKind, fields: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Split fields into public and secret ones."""
    secret = {field.name for field in kind.fields if field.secret}
    shown = {name: text for name, text in fields.items() if name not in secret}
    return shown, {name: text for name, text in fields.items() if name in secret}


def login_of(image: str, credentials: Iterable[Credential]) -> Credential | None:
    """Return the credential that an image is pulled or pushed with.

    Credentials match the image's registry, or a path above the image. The longest path wins,
    then the newest credential.
    """
    name = repository_of(image)
    fitting = []
    for credential in credentials:
        place = (
            registry_place(credential.fields.get("server", ""))
            if credential.kind == "registry"
            else ""
        )
        if place and f"{name}/".startswith(f"{place}/"):
            fitting.append((len(place), credential.id, credential))
    # IDs sort by time of creation
    return max(fitting, key=lambda each: each[:2])[2] if fitting else None


def is_plain(kind: str) -> bool:
    """Return whether a task receives a text instead of a JSON file."""
    return len(kind_of(kind).fields) == 1


def content_of(kind: str, fields: Mapping[str, str]) -> str:
    """Return the content of the file that a task receives."""
    if is_plain(kind):
        return next(iter(fields.values()))
    return json.dumps(fields, ensure_ascii=False)


def hidden_of(kind: str, fields: Mapping[str, str]) -> list[str]:
    """Return the secret texts to mask in logs, longest first.

    Short texts are left out: masking them would hide half of every log.
    """
    _, secret = split_fields(kind_of(kind), fields)
    texts = list(secret.values())
    if kind == "env-file":
        texts = list(read_variables(fields["text"]).values())
    hidden = set()
    for text in texts:
        stripped = text.strip()
        if len(stripped) >= SHORTEST_HIDDEN:
            hidden.add(stripped)
        # the long lines of a text are secret as well
        lines = [line.strip() for line in stripped.splitlines()]
        if len(lines) > 1:
            hidden |= {line for line in lines if len(line) >= SHORTEST_LINE}
    return sorted(hidden, key=len, reverse=True)
