"""The secret values of requests, which no spelling contains."""

from collections.abc import Iterator

from nbyard.domain.credentials import KINDS, CredentialPatch, NewCredential, kind_of
from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment
from nbyard.domain.notices.structs import ChannelPatch, NewChannel

# A change of a credential does not name its kind.
SECRET_FIELDS = frozenset(field.name for kind in KINDS for field in kind.fields if field.secret)


def secret_places(body: object) -> list[str]:
    """Return where a request body has secrets, such as `fields.password`."""
    return list(_places(body))


def _places(body: object) -> Iterator[str]:
    if isinstance(body, NewChannel) or (isinstance(body, ChannelPatch) and body.url):
        yield "url"
    if isinstance(body, NewCredential | CredentialPatch):
        fields = set(body.fields or {})
        if isinstance(body, NewCredential):
            kind = kind_of(body.kind)
            fields |= {field.name for field in kind.fields if field.secret and field.required}
        yield from (f"fields.{name}" for name in sorted(fields & SECRET_FIELDS))
    is_editor = isinstance(body, NewDeployment) and body.service in IDES
    if isinstance(body, NewDeployment | DeploymentChange) and (body.password or is_editor):
        yield "password"
    if isinstance(body, NewDeployment) and body.general and body.general.jupyter_password:
        yield "general.jupyter_password"
