"""What one user owns, others see and change as their role allows, through every operation."""

import json
from collections.abc import Callable, Iterator

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.rest import operation_handler
from nbyard.rest.routes import CONTENTS
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.services.registry import WITH_OWNER
from nbyard.store import Store

from .resources import (
    OF_FILES,
    OF_USERS,
    ON_ONE,
    SECRET,
    Resources,
    is_private,
    naming,
)

pytestmark = pytest.mark.leaves_running
EVE, BOB = Caller("eve"), Caller("bob", groups=("lab",))
WRITES = [operation for operation in ON_ONE if not operation.scope.endswith(":read")]
READS = [operation for operation in ON_ONE if operation.scope.endswith(":read")]
VERBS = ("compare", "images", "restore", "show", "versions")  # of workflows, named in a query


@pytest.fixture(scope="module")
def store(api) -> Iterator[Store]:
    api.send("GET", "/projects")  # the server creates the store
    opened = Store(api.store)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def send(api) -> Iterator[Callable]:
    """Sends a request as a caller."""
    with pytest.MonkeyPatch.context() as patch:

        def request(caller: Caller, method: str, path: str, body=None):
            patch.setattr(operation_handler, "caller_of", lambda _: caller)
            return api.send(method, path, body)

        yield request


@pytest.fixture(scope="module")
def owned(store, send) -> Resources:
    """Resources of ann, which are not shared."""
    return Resources(store, send)


@pytest.fixture(scope="module")
def share(store, send) -> Callable[..., Resources]:
    """Returns resources of ann, whose project is shared with bob in a role."""
    known: dict[str, Resources] = {}

    def shared(role: str, *, is_kept: bool = True) -> Resources:
        if role not in known:
            made = known[role] = Resources(store, send)
            made.link_all(send)
            path = f"/shares/project/{made.ids['project']}"
            assert send(made.owner, "POST", path, {"name": "bob", "role": role}).status == 201
        return known[role] if is_kept else known.pop(role)

    return shared


def named(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.id)


@named(ON_ONE)
def test_the_resources_of_others_are_missing(owned, send, operation):
    """Guessed IDs get the same answer as those of nothing."""
    body = owned.body(operation)
    unknown = {name: new_id() for name in owned.ids}
    answers = set()
    for ids in (owned.ids, unknown):
        answer = send(EVE, operation.method, owned.path(operation, **ids), body)
        text = answer.content.decode()
        for key in (*ids.values(), answer.headers["X-Request-Id"]):
            text = text.replace(key, "ID")
        answers.add((answer.status, text))
    (status, text), *others = answers
    assert not others and status == (204 if operation.id == "uploads.delete" else 404), answers
    assert SECRET not in text


@pytest.mark.parametrize("name", sorted(CONTENTS.keys() - {"home.content"}))
def test_the_bytes_of_others_are_missing(owned, send, name):
    path = CONTENTS[name].format_map({**owned.ids, "node": "a", "name": "out"})
    assert send(EVE, "GET", path).status == 404
    assert send(EVE, "GET", f"/runs/{owned.ids['run']}/pictures/sha256:{'1' * 64}").status == 404


@named([operation for operation in OF_USERS if not operation.placed("path")])
def test_nothing_of_others_is_listed_or_used(owned, send, operation):
    requests = naming(owned.ids)
    assert (operation.id in requests) != (operation.id in OF_FILES), "new"
    # A new operation needs an entry in one of the two.
    for asked in requests.get(operation.id, []):
        body = None if isinstance(asked, str) else asked
        query = asked if isinstance(asked, str) else ""
        if body is None and operation.placed("body"):
            body = {"older_than_days": 1}
        answer = send(EVE, operation.method, f"{operation.path}?{query}", body)
        assert answer.status < 500, answer.content
        assert answer.status in (404, 422, 409) or SECRET not in answer.content.decode()
        # An unknown image may be one that the engine has.
        assert answer.status != 201 or operation.id == "deployments.create", asked


@named(
    [
        operation
        for operation in OF_USERS
        if operation.noun == "workflows" and operation.verb in VERBS
    ]
)
def test_a_workflow_is_named_by_its_id_like_a_file(share, send, operation):
    """A viewer copies it. Others get the answer for a missing workflow."""
    viewed = share("viewer")
    answers = set()
    for workflow in (viewed.ids["workflow"], new_id()):
        (asked,) = naming({**viewed.ids, "workflow": workflow})[operation.id]
        answer = send(EVE, operation.method, f"{operation.path}?{asked}")
        fields = {name: text for name, text in answer.json.items() if name != "request_id"}
        answers.add((answer.status, json.dumps(fields).replace(workflow, "ID")))
    ((status, text),) = answers
    assert status == 404 and SECRET not in text
    (asked,) = naming(viewed.ids)[operation.id]
    assert send(BOB, operation.method, f"{operation.path}?{asked}").status == 200
    seen = send(viewed.owner, "GET", f"/workflows/versions?path={viewed.ids['workflow']}").json
    assert [version["number"] for version in seen["items"]] == [1]


@named([operation for operation in table() if operation.scope.endswith(":admin")])
def test_administration_needs_the_right(owned, send, operation):
    path = operation.path.format_map({**owned.ids, "quota": "everyone"})
    user = Caller("eve", scopes=("read", "write", "deploy"))
    body: dict[str, str] | None = {} if operation.placed("body") else None
    assert send(user, operation.method, path, body).status == 403


@named(READS)
def test_a_viewer_reads_like_the_owner(share, send, operation):
    viewed = share("viewer")
    path, body = viewed.path(operation), viewed.body(operation)
    seen, own = (send(c, operation.method, path, body) for c in (BOB, viewed.owner))
    assert seen.status == (404 if is_private(operation) else own.status), seen.content
    assert own.status < 500


@named(WRITES)
@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_a_change_needs_a_role(share, send, operation, role):
    owned = share(role)
    answer = send(BOB, operation.method, owned.path(operation), owned.body(operation))
    if operation.method == "DELETE" and answer.status == 204:
        share(role, is_kept=False)
    first = operation.placed("path")[0].name
    if is_private(operation):
        assert answer.status == (204 if operation.id == "uploads.delete" else 404)
        return
    of_owners = operation.verb in ("delete", "grant", "revoke") or operation.id in (
        *("shares.create_link", "shares.revoke_link"),
        *("projects.link", "projects.update", "projects.set_policy", "projects.delete_policy"),
    )
    is_allowed = role == "owner" or (role == "editor" and not of_owners)
    # They have the secrets of their owner.
    if first in ("automation", "backfill") or operation.id == "runs.retry_elements":
        is_allowed = False
    assert answer.status < 500, answer.content
    assert (answer.status == 403) != is_allowed, answer.content
    if not is_allowed:
        assert "ann" in answer.json["hint"]


@named([operation for operation in WRITES if operation.placed("path")[0].name in WITH_OWNER])
def test_a_name_with_its_owner_gives_no_more_rights_than_the_id(share, send, operation):
    viewed = share("viewer")
    name = operation.placed("path")[0].name
    label = viewed.ids[name] if name == "automation" else viewed.name  # its name is its ID
    path = viewed.path(operation, **{name: f"ann/{label}"})
    assert send(BOB, operation.method, path, viewed.body(operation)).status == 403
