"""Every operation, route and socket of the hub's service, and of the servers that forward to it.

They are asked without a valid login, and by users who may not see a resource. With callers in place
of logins: tests/unit/rest/test_shared_resources.py.
"""

import hashlib
import io
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import websocket
from PIL import Image
from tests.support.jupyter_server import PATIENCE_SECONDS, TOKEN, Answer, JupyterServer

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.rest.routes import CONTENTS, forwarding_routes, routes
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.services.registry import WITH_OWNER
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

from ..unit.rest.hubs import RIGHTS, HubService, cookies_of, forwarding, header_of
from ..unit.rest.resources import OF_FILES, OF_USERS, ON_ONE, Resources, is_private, naming
from ..unit.store.lineage.records import Records

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
API = "/nbyard/api"
EVIL = {"Origin": "http://evil.test"}
# A script of a page, and its WebSocket.
FETCH = {"Sec-Fetch-Mode": "cors"}
SOCKET = {
    **{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Fetch-Mode": "websocket"},
    **{"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="},
}
CODE = b"print('the code of ann')\n"
Headers = dict[str, str]
Who = dict[str, Headers]
Request = Callable[[str, str, bytes | None, Headers], Answer]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Door:
    """The service or the server of a user, and the headers of who asks there, by their names."""

    name: str
    request: Request
    strangers: dict[str, Headers] = field(default_factory=dict)
    # Browsers of a user with cookies, but without the XSRF value. They may read at a user's server.
    careless: dict[str, Headers] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Any, headers: Headers) -> Answer:
        sent = None if body is None else json.dumps(body).encode()
        content = {} if body is None else {"Content-Type": "application/json"}
        return self.request(method, path, sent, {**content, **headers})


@dataclass
class Visitor:
    """A user with a valid login, at the service or at their own server."""

    user: str
    door: Door
    login: Headers
    url: str


class Walk:
    """A service with resources of ann, the servers of its users, and what is wrong with answers.

    Bob is an owner of another project of ann, and vic is a viewer there. Eve has nothing.
    """

    def __init__(self, service: HubService, yard: Yard):
        self.service, self.yard = service, yard
        self.wrong: list[str] = []
        self.owned, self.shared = (Resources(yard.store, self.create) for _ in range(2))
        self.shared.link_all(self.create)
        members = f"/shares/project/{self.shared.ids['project']}"
        for name, role in (("bob", "owner"), ("vic", "viewer")):
            body = {"name": name, "role": role}
            assert self.create(Caller("ann"), "POST", members, body).status == 201
        self.picture = self._picture(yard)
        self.direct = Door("service", self._direct)
        self._send_code()
        self.secrets = {self.owned.name, self.picture, digest_of(CODE), CODE.decode().strip()}

    def _picture(self, yard: Yard) -> str:
        """Return the digest of a picture of ann's run."""
        content = io.BytesIO()
        Image.new("RGB", (64, 40), "red").save(content, "PNG")
        digest = yard.context.blobs.put_bytes(content.getvalue()).digest
        with yard.store.write() as c:
            run = yard.store.runs.get(c, "ann", self.owned.ids["run"])
            assert run is not None
            task = Records(yard.store, c).work(run, "plot", {})
            row = {"name": "plot", "filename": "plot.png", "format": "png", "digest": digest}
            size = len(content.getvalue())
            yard.store.artifacts.insert_all(c, [(task, [{**row, "size_bytes": size}])])
        return digest

    def _send_code(self) -> None:
        """Put a file into ann's mirror."""
        ann = Caller("ann")
        wanted = {"filename": "a.py", "size_bytes": len(CODE)}
        upload = self.create(ann, "POST", "/uploads", wanted).json["id"]
        headers = {"Upload-Offset": "0", "Content-Type": "application/octet-stream"}
        path = f"{API[1:]}/uploads/{upload}"
        assert self.service.request("PATCH", path, CODE, "ann", **headers).status == 200
        file = {"path": "a.py", "size_bytes": len(CODE), "digest": digest_of(CODE)}
        body = {"revision": 0, "files": [file], "upload": upload, "sent": ["a.py"]}
        sent = self.create(ann, "POST", "/home", body)
        assert (sent.status, sent.json["missing"]) == (200, []), sent.content

    def _direct(self, method: str, path: str, body: bytes | None, headers: Headers) -> Answer:
        return self.service.request(method, path[1:], body, **headers)

    def create(self, caller: Caller, method: str, path: str, body: Any = None) -> Answer:
        """Send a request of a user to the service itself."""
        sent = None if body is None else json.dumps(body).encode()
        return self.service.request(method, API[1:] + path, sent, token=caller.name)

    def check(self, is_right: bool, *about: Any) -> None:
        """Note what is wrong."""
        if not is_right:
            self.wrong.append(" ".join(map(str, about)))

    def ask(
        self, visitor: Visitor, operation: Operation, path: str, body: Any, *others: str
    ) -> tuple[int, str]:
        """Send a request, check its answer, and return the answer to compare it with others."""
        answer = visitor.door.send(operation.method, API + path, body, visitor.login)
        found = compared(answer, [self.owned.name, *self.owned.ids.values(), *others])
        about = (visitor.user, visitor.door.name, operation.id, path, body, *found)
        self.check(found[0] < 500 and not self.leaks(answer, path, body), *about)
        return found

    def finish(self) -> None:
        """Show everything that is wrong at once."""
        wrong, self.wrong = self.wrong, []
        assert not wrong, f"{len(wrong)} are wrong:\n" + "\n".join(wrong)

    def leaks(self, answer: Answer, path: str, body: Any) -> list[str]:
        """Return what an answer has of ann's resources beyond the request."""
        asked, text = f"{path} {json.dumps(body)}", answer.content.decode("utf-8", "replace")
        hidden = self.secrets | {key for key in self.owned.ids.values() if len(key) > 9}
        return [secret for secret in hidden if secret in text and secret not in asked]


def with_token(user: str) -> Headers:
    return {"Authorization": f"token {user}"}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    logging.disable()  # lines on thousands of requests
    folder = tmp_path_factory.mktemp("hub")
    service = HubService(folder, requests_per_minute="0")
    service.people.rights |= dict.fromkeys(("eve", "vic", "carol"), RIGHTS)
    service.start()
    settings = Settings(store_dir=str(service.store), inline_dispatch=True, shared=True)
    try:
        with Yard.open(settings) as yard:
            yield Walk(service, yard)
    finally:
        service.stop()
        logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def servers(
    walk: Walk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, JupyterServer]]:
    """The servers of the users, which forward to the service."""
    with ExitStack() as stack:
        yield {
            user: stack.enter_context(
                forwarding(tmp_path_factory.mktemp(user), walk.service.url, user)
            )
            for user in ("ann", "bob", "eve", "carol")
        }


def other_addresses(walk: Walk) -> dict[str, str]:
    """Addresses that belong to no operation, and their methods."""
    ids = {**walk.owned.ids, "node": "a", "name": "out"}
    return {
        **{API + path.format_map(ids): "GET" for path in CONTENTS.values()},
        f"{API}/runs/{ids['run']}/pictures/{walk.picture}": "GET",
        f"{API}/uploads/{ids['upload']}": "PATCH",
        f"{API}/hooks/{ids['automation']}": "POST",
        f"{API}/openapi.json": "GET",
        f"{API}/no/such/address": "GET",
        "/nbyard/catalog": "GET",
        "/nbyard/links/none": "GET",
    }


def sockets(walk: Walk) -> list[str]:
    proxied = [("deployments", walk.owned.ids["deployment"]), ("attempts", new_id())]
    return [f"{API}/events/socket", *(f"/nbyard/{kind}/{key}/web/" for kind, key in proxied)]


# They need no login, and show nothing of anybody: tests/unit/rest/test_routes.py, test_access.py.
OPEN = (f"{API}/health", "/nbyard/sign-in/deployments/x/y")
OF_SERVICE = routes("/", *[None] * 3)  # type: ignore[arg-type]
OF_SERVERS = forwarding_routes("/", None, None)  # type: ignore[arg-type]


def is_routed(path: str, known: Sequence[Any]) -> bool:
    return any(re.fullmatch(pattern, path.partition("?")[0]) for pattern, *_ in known)


def browser(*pages: Answer) -> tuple[str, str]:
    """Return the cookies of a browser with these pages, and its XSRF value."""
    cookies = cookies_of(*pages)
    return header_of(cookies), cookies["_xsrf"]


def pages_of(own: tuple[str, str], other: tuple[str, str]) -> tuple[Who, Who]:
    """Return the headers of foreign pages, and of pages with the cookie but no XSRF value."""
    cookie, xsrf = {"Cookie": own[0]}, {"X-XSRFToken": own[1]}
    foreign = {
        "foreign page": {**cookie, **EVIL},
        "foreign page that knows the XSRF value": {**cookie, **xsrf, **EVIL, **FETCH},
    }
    careless = {
        "no XSRF value": {**cookie, **FETCH},
        "XSRF value of another": {**cookie, **FETCH, "X-XSRFToken": other[1]},
    }
    return foreign, careless


def doors(walk: Walk, servers: dict[str, JupyterServer]) -> list[Door]:
    """Return the service, the server of ann, and that of carol, whose token the hub revoked."""
    assert walk.create(Caller("carol"), "GET", "/projects").status == 200
    assert servers["carol"].send("GET", "/projects").status == 200
    del walk.service.people.rights["carol"]
    wait_until(lambda: walk.create(Caller("carol"), "GET", "/projects").status == 403)
    login = [f"/login{query}" for query in ("", f"?token={TOKEN}")]
    at_servers = [
        browser(*(servers[user].request("GET", page, None, {}) for page in login))
        for user in ("ann", "bob")
    ]
    at_service = [walk.service.sign_in(user) for user in ("ann", "bob")]
    # Its login is what is missing below.
    found = []
    for name, request, (own, other), stale in (
        ("service", walk.direct.request, at_service, "carol"),
        ("server", servers["ann"].request, at_servers, "of-yesterday"),
    ):
        foreign, careless = pages_of(own, other)
        none = {"no login": {}, "stale token": with_token(stale)}
        found.append(Door(name, request, none | foreign, careless))
        page = {"Cookie": own[0], "X-XSRFToken": own[1], **FETCH}
        for method, body in (("GET", None), ("POST", {"name": name})):
            answer = found[-1].send(method, f"{API}/projects", body, page)
            assert answer.status < 300, "the same page with everything"
    revoked = {"revoked token": with_token(TOKEN)}
    return [*found, Door("server of carol", servers["carol"].request, revoked)]


def test_nobody_gets_anything_without_a_valid_login(
    walk: Walk, servers: dict[str, JupyterServer]
) -> None:
    """A login is a token that the hub knows, or a cookie with the XSRF value of its page."""
    requests: list[tuple[str, str, Any]] = [
        (method, path, None) for path, method in other_addresses(walk).items()
    ]
    for operation in table():
        path = walk.owned.path(operation, quota="everyone")
        requests.append((operation.method, API + path, {} if operation.placed("body") else None))
    known = [*OPEN, *sockets(walk), *(path for _, path, _ in requests)]
    for route in (*OF_SERVICE, *OF_SERVERS):
        is_known = any(is_routed(path, [route]) for path in known)
        walk.check(is_known, "a new route needs an address in other_addresses or OPEN:", route[0])

    for door in doors(walk, servers):
        for method, path, body in requests:
            if not is_routed(path, OF_SERVICE if door.name == "service" else OF_SERVERS):
                continue
            # A browser may read at its own user's server without the XSRF value.
            is_free = door.name == "server" and method == "GET"
            for who, headers in (door.strangers | ({} if is_free else door.careless)).items():
                answer = door.send(method, path, body, headers)
                is_right = answer.status in (401, 403) and not walk.leaks(answer, path, body)
                walk.check(is_right, door.name, who, method, path, answer.status, answer.content)
        for path in sockets(walk):
            for who, headers in door.strangers.items():
                answer = door.send("GET", path, None, headers | SOCKET)
                walk.check(answer.status in (401, 403), door.name, who, path, answer.status)
    walk.finish()


def compared(answer: Answer, asked: Iterable[str]) -> tuple[int, str]:
    """Return status and text of an answer, without its number and what was asked for."""
    text = re.sub('"request_id":"[^"]+"', "", answer.content.decode("utf-8", "replace"))
    for key in asked:
        text = text.replace(key, "ID")
    return answer.status, text


def own(walk: Walk) -> dict[str, bytes]:
    """Return ann's own view of each of her resources."""
    reads = [operation for operation in ON_ONE if operation.verb == "get"]
    answers = {each.id: walk.create(Caller("ann"), "GET", walk.owned.path(each)) for each in reads}
    for name, answer in answers.items():
        walk.check(answer.status == 200, "ann's own", name, answer.status, answer.content)
    return {name: answer.content for name, answer in answers.items()}


def visitors(walk: Walk, servers: dict[str, JupyterServer]) -> list[Visitor]:
    """Return eve and bob, at the service itself and at their own servers."""
    return [
        visitor
        for user in ("eve", "bob")
        for visitor in (
            Visitor(user, walk.direct, with_token(user), walk.service.url.rstrip("/")),
            Visitor(
                *(user, Door("own server", servers[user].request)),
                *(with_token(TOKEN), servers[user].url),
            ),
        )
    ]


def test_users_get_nothing_of_others(walk: Walk, servers: dict[str, JupyterServer]) -> None:
    """Neither eve nor a member of another project does, whatever they name."""
    before, everybody = own(walk), visitors(walk, servers)
    cookie, xsrf = walk.service.sign_in("ann")
    for operation in ON_ONE:
        check_ids(walk, everybody, operation)
        check_viewer(walk, operation, {"Cookie": cookie, "X-XSRFToken": xsrf, **FETCH})
    for operation in set(OF_USERS) - set(ON_ONE):
        check_lists(walk, everybody, operation)
    for operation in set(table()) - set(OF_USERS):
        path = walk.owned.path(operation, quota="everyone")
        for visitor in everybody:
            found = walk.ask(visitor, operation, path, {} if operation.placed("body") else None)
            walk.check(found[0] == 403, visitor.user, operation.id, *found)
    for visitor in [*everybody, Visitor("ann", walk.direct, with_token("ann"), everybody[0].url)]:
        check_events(walk, visitor)
    check_digests(walk, everybody)
    walk.check(own(walk) == before, "a visitor changed something of ann")
    walk.finish()


def check_viewer(walk: Walk, operation: Operation, owner: Headers) -> None:
    """A viewer of a project reads what it links like its owner, and changes nothing."""
    path, body = walk.shared.path(operation), walk.shared.body(operation)
    seen = walk.direct.send(operation.method, API + path, body, with_token("vic"))
    if is_private(operation):
        wanted = MISSING.get(operation.id, 404)
    elif operation.scope.endswith(":read"):
        wanted = walk.direct.send(operation.method, API + path, body, owner).status
    else:
        wanted = 403
    is_right = seen.status == wanted < 500
    walk.check(is_right, "viewer", operation.id, wanted, seen.status, seen.content)


# A second deletion succeeds, and a shared store resolves no packages.
MISSING = {"uploads.delete": 204, "environments.preview": 403}


def check_ids(walk: Walk, everybody: list[Visitor], operation: Operation) -> None:
    """IDs, and names with their owner, get the answers of those of nothing."""
    owned, body = walk.owned, walk.owned.body(operation)
    none = {name: new_id() for name in owned.ids}
    paths = {owned.path(operation, **none): owned.path(operation)}
    if (name := operation.placed("path")[0].name) in WITH_OWNER:
        label = owned.ids[name] if name == "automation" else owned.name
        labels = [{name: f"ann/{text}"} for text in (none[name], label)]
        paths[owned.path(operation, **labels[0])] = owned.path(operation, **labels[1])
    for of_nothing, path in paths.items():
        missing = walk.ask(everybody[0], operation, of_nothing, body, *none.values())
        walk.check(missing[0] == MISSING.get(operation.id, 404), "nothing", of_nothing, *missing)
        for visitor in everybody:
            found = walk.ask(visitor, operation, path, body)
            walk.check(found == missing, visitor.user, operation.id, path, *found, *missing)


def check_lists(walk: Walk, everybody: list[Visitor], operation: Operation) -> None:
    """Requests that name a resource in their query or body get and create nothing."""
    requests = naming(walk.owned.ids)
    is_known = (operation.id in requests) != (operation.id in OF_FILES)
    walk.check(is_known, "a new operation needs an entry:", operation.id)
    for asked in requests.get(operation.id, [{}]):
        query = asked if isinstance(asked, str) else ""
        body = {"older_than_days": 1} if isinstance(asked, str) else asked
        for visitor in everybody:
            path, sent = f"{operation.path}?{query}", body if operation.placed("body") else None
            found = walk.ask(visitor, operation, path, sent)
            # An unknown image may be one that the engine has.
            is_new = found[0] == 201 and operation.id in requests.keys() - {"deployments.create"}
            walk.check(not is_new, visitor.user, operation.id, body, *found)


def check_events(walk: Walk, visitor: Visitor) -> None:
    """Read all events that a user may see, up to one of their own."""
    hidden = {*walk.owned.ids.values()}
    ends = walk.create(Caller(visitor.user), "POST", "/projects", {"name": new_id()}).json["id"]
    url = f"{visitor.url.replace('http', 'ws', 1)}{API}/events/socket?after=1"
    window = websocket.create_connection(
        url, header=visitor.login, timeout=PATIENCE_SECONDS, suppress_origin=True
    )
    window.send(json.dumps({"watch": [walk.owned.ids["run"]]}))
    seen: set[str] = set()
    while ends not in seen:
        frame = json.loads(window.recv())
        walk.check("activity" not in frame, visitor.user, "watches", frame)
        seen |= {event[key] for event in frame["events"] for key in ("subject_id", "run_id")}
    window.close()
    window.shutdown()
    about = (visitor.user, visitor.door.name, "events of")
    walk.check(bool(seen & hidden) == (visitor.user == "ann"), *about, "ann", seen & hidden)
    has_shared = {walk.shared.ids[kind] for kind in ("run", "dataset")} <= seen
    walk.check(has_shared == (visitor.user != "eve"), *about, "the project", seen)


NOBODYS = digest_of(b"of nobody")
# The requests that name bytes by their digest.
DIGESTS: dict[str, Callable[[str, int], dict[str, Any]]] = {
    "home.update": lambda digest, revision: {
        "revision": revision,
        "files": [{"path": "a.py", "size_bytes": len(CODE), "digest": digest}],
    },
    **dict.fromkeys(
        ("projects.plan", "projects.push"),
        lambda digest, _: {
            "definition": {"project": {"name": "taken"}},
            "files": {"a.py": {"size_bytes": len(CODE), "digest": digest}},
        },
    ),
}


def takes_digest(operation: Operation) -> bool:
    """Return whether the body of an operation, or its path or query, has a digest."""
    types = [msgspec.json.schema(field.type) for field in operation.placed("body")]
    is_in_body = re.search(r'"digest": {"type": "string"', json.dumps(types))
    return bool(is_in_body) or any("digest" in field.name for field in operation.fields)


def check_digests(walk: Walk, everybody: list[Visitor]) -> None:
    """The digest of bytes that ann has gets the answer of one that nobody has."""
    known = {operation.id for operation in table() if takes_digest(operation)}
    walk.check(known == DIGESTS.keys(), "a new operation with digests", known ^ DIGESTS.keys())
    with walk.yard.store.write() as c:
        runs = {user: Records(walk.yard.store, c).run(None, user).id for user in ("eve", "bob")}
    for visitor in everybody:
        revision = walk.create(Caller(visitor.user), "GET", "/home").json["revision"]
        for operation in table():
            if operation.id in DIGESTS:
                found = []
                for digest in (digest_of(CODE), NOBODYS):
                    body = DIGESTS[operation.id](digest, revision)
                    found.append(walk.ask(visitor, operation, operation.path, body, digest))
                is_right = found[0] == found[1] and "a.py" in found[0][1]
                walk.check(is_right, visitor.user, operation.id, "has the bytes", *found)
        for run in (runs[visitor.user], walk.owned.ids["run"]):
            path, found = f"{API}/runs/{run}/pictures/", []
            for digest in (walk.picture, NOBODYS):
                answer = visitor.door.send("GET", path + digest, None, visitor.login)
                found.append(compared(answer, [digest]))
            is_right = found[0] == found[1] and found[0][0] == 404
            walk.check(is_right, visitor.user, path, *found)
