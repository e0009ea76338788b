"""Finds the secret values in requests, which no spelling may contain."""

from collections.abc import Iterator

from nbyard.domain.credentials import KINDS, CredentialPatch, NewCredential, kind_of
from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.presentation import presented_fields

# A change of a credential does not name its kind.
SECRET_FIELDS = frozenset(field.name for kind in KINDS for field in kind.fields if field.secret)


def secret_places(body: object) -> list[str]:
    """Return the names of fields with secrets in a request body, such as `fields.password`."""
    if isinstance(body, NewCredential | CredentialPatch):
        fields = set(body.fields or {})
        if isinstance(body, NewCredential):
            kind = kind_of(body.kind)
            # A form may still lack them, and its command asks for them all the same.
            fields |= {field.name for field in kind.fields if field.secret and field.required}
        return [f"fields.{name}" for name in sorted(fields & SECRET_FIELDS)]
    places = [*_declared(body)] if body is not None else []
    if isinstance(body, NewDeployment) and body.service in IDES:
        places = [*dict.fromkeys(["password", *places])]
    return places


def _declared(body: object, outer: str = "") -> Iterator[str]:
    """Yield the places of given or required fields that are declared as secret."""
    for field in presented_fields(type(body)):
        value, place = getattr(body, field.name), f"{outer}{field.name}"
        if field.shown.secret and (value or field.info.required):
            yield place
        elif field.parts and value:
            yield from _declared(value, f"{place}.")
