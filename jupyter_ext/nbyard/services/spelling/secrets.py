"""Finds the secret values in requests, which no spelling may contain."""

from nbyard.domain.credentials import KINDS, CredentialPatch, NewCredential, kind_of
from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment
from nbyard.domain.notices.structs import ChannelPatch, NewChannel

# A change of a credential does not name its kind.
SECRET_FIELDS = frozenset(field.name for kind in KINDS for field in kind.fields if field.secret)


def secret_places(body: object) -> list[str]:
    """Return the names of fields with secrets in a request body, such as `fields.password`."""
    if isinstance(body, NewChannel) or (isinstance(body, ChannelPatch) and body.url):
        return ["url"]
    if isinstance(body, NewCredential | CredentialPatch):
        fields = set(body.fields or {})
        if isinstance(body, NewCredential):
            kind = kind_of(body.kind)
            # A form may still lack them, and its command asks for them all the same.
            fields |= {field.name for field in kind.fields if field.secret and field.required}
        return [f"fields.{name}" for name in sorted(fields & SECRET_FIELDS)]
    places = []
    if isinstance(body, NewDeployment | DeploymentChange):
        is_editor = isinstance(body, NewDeployment) and body.service in IDES
        if body.password or is_editor:
            places.append("password")
    if isinstance(body, NewDeployment) and body.general and body.general.jupyter_password:
        places.append("general.jupyter_password")
    return places
