"""Pass credentials from the store to the work, as files in memory, or to a registry."""

from contextlib import AbstractContextManager
from pathlib import Path

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.dockerd import logged_in
from nbyard.domain.commands.invocations import ATTEMPT
from nbyard.domain.credentials import Login, content_of, hidden_of, is_plain
from nbyard.domain.runs.structs import SecretOf, TaskPlan
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.runner import secret_files
from nbyard.runner.secret_masking import Blind, Masks

Places = dict[str, str]


def secrets_of(plan: TaskPlan) -> dict[str, SecretOf]:
    """Return the credentials that a task names, by argument."""
    return {n: secret for n, secret in plan.bindings.items() if isinstance(secret, SecretOf)}


def deliver_secrets(context: DispatchContext, snapshot: AttemptSnapshot, folder: Path) -> Places:
    """Write the task's secrets to memory, link them in the folder, and return their paths.

    The paths are those that the attempt sees, by argument.

    Raises:
        Invalid: A credential was deleted after the run was requested.
        StoreUnusable: The encryption key is missing.
        Conflict: The credential was changed outside of nbyard.
    """
    wanted = secrets_of(snapshot.task.plan)
    if not wanted:
        return {}
    files: dict[str, bytes] = {}
    hidden: list[str] = []
    places: Places = {}
    with context.store.read() as c:
        for argument, secret in wanted.items():
            credential = context.store.credentials.get(c, snapshot.run.owner, secret.credential_id)
            if credential is None:
                raise Invalid(because("credential-deleted-since", credential=repr(secret.name)))
            fields = context.store.credentials.fields(c, credential)
            # A kind with several fields, such as a WebDAV login, becomes one JSON file.
            name = argument if is_plain(credential.kind) else f"{argument}.json"
            files[name] = content_of(credential.kind, fields).encode()
            hidden += hidden_of(credential.kind, fields)
            places[argument] = f"{ATTEMPT}/{secret_files.SECRETS}/{name}"
    target = secret_files.secrets_folder(context.store.id, snapshot.attempt.id)
    secret_files.store_secrets(str(folder), target, files, hidden)
    return places


def masks_of_attempt(context: DispatchContext, snapshot: AttemptSnapshot) -> Masks:
    """Return masks that find the attempt's secrets in its files.

    The runner of an ended attempt no longer has the secrets, so they are read from the store. If
    a credential was changed or deleted since, the masks treat all content as secret.
    """
    wanted = secrets_of(snapshot.task.plan)
    if not wanted:
        return Masks(())
    # After a change the old value is unknown, so treat every file as secret.
    if not credentials_unchanged(context, snapshot):
        return Blind()
    hidden: list[str] = []
    with context.store.read() as c:
        for secret in wanted.values():
            credential = context.store.credentials.get(c, snapshot.run.owner, secret.credential_id)
            if credential is None:
                return Blind()
            hidden += hidden_of(credential.kind, context.store.credentials.fields(c, credential))
    return Masks(hidden)


def credentials_unchanged(context: DispatchContext, snapshot: AttemptSnapshot) -> bool:
    """Return whether the task's credentials are unchanged since the run was requested.

    Only then does the result match its cache key.
    """
    wanted = secrets_of(snapshot.task.plan).values()
    if not wanted:
        return True
    with context.store.read() as c:
        known = context.store.credentials.references(c, snapshot.run.owner)
    return all(known.get(secret.credential_id) == secret for secret in wanted)


def delete_delivered_secrets(context: DispatchContext, attempt_id: str) -> None:
    """Delete the secrets of the attempt from memory."""
    secret_files.delete_secrets(secret_files.secrets_folder(context.store.id, attempt_id))


def for_registries(context: DispatchContext, owner: str) -> AbstractContextManager[None]:
    """Use the owner's logins for pulls and pushes in the block.

    On a shared store, all users may use an image that one of them pulls, so pulls need no logins.
    """
    rules = context.store.isolation

    def login_for(image: str) -> Login | None:
        if rules.is_shared and rules.is_listed(image):
            return None
        with context.store.read() as c:
            return context.store.credentials.login(c, owner, image)

    return logged_in(login_for)
