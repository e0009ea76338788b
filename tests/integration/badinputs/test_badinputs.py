"""The corpus of bad inputs causes no 5xx, no hang and no leaked canary.

Each input gets the class of answer that the corpus promises."""

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.freezing.pushed_folders import home_folder

from ...faults.hub_place import WITH_PROCESSES
from ...unit.rest.hubs import PREFIX, RIGHTS, HubService, forwarding
from . import (
    archives,
    automations,
    binaries,
    code,
    containers,
    data,
    deployments,
    environments,
    models,
    notices,
    others,
    requests,
    runs,
    semantics,
    stores,
)
from .corpus import STATUSES, UNTRIED, entries, payload, promised, tried, untried
from .ground import Ground, Seen

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(90)]
CANARY = Path("/tmp/nby_canary")
SECRET = b"s3cr3t"
Operation = Callable[[Ground, Any, dict[str, Any]], Seen]
PACKAGES: defaultdict[str, Operation] = defaultdict(lambda: models.build, yaml=models.read)
LOGS: defaultdict[str, Operation] = defaultdict(lambda: runs.log, authz=others.ask)
OPERATIONS: dict[str, Operation] = {
    "object.create.name": requests.create_name,
    "api.any.json_body": requests.json_body,
    "api.any.connection": requests.slow_body,
    "api.any": requests.credentials,
    "login.next": requests.login_next,
    "dataset.preview": containers.preview,
    "dataset.upload": data.upload,
    "dataset.upload_archive": archives.upload,
    "dataset.register_path": data.register_path,
    "dataset.import_url": data.import_url,
    "executable.register_notebook": code.register_notebook,
    "executable.parse_parameters": code.parse_parameters,
    "package.build": lambda ground, given, entry: PACKAGES[entry["area"]](ground, given, entry),
    "workflow.save": code.save_workflow,
    "artifact.view": runs.view_artifact,
    "run.submit.parameters": runs.submit_parameters,
    "run.submit.output_path": runs.submit_output_path,
    "run.binary_behaviour": binaries.behave,
    "run.submit.binary_args": runs.submit_arguments,
    "run.log": lambda ground, given, entry: LOGS[entry["area"]](ground, given, entry),
    "run.submit.container": containers.submit,
    "run.submit.env": environments.submit_variables,
    "library.install": environments.install,
    "project.link": others.ask,
    "run.submit": others.ask,
    "run.cancel": others.ask,
    "run.events": others.ask,
    "api.run_semantics": semantics.ask,
    "deployment.create": deployments.create,
    "schedule.create": automations.create,
    "notification.create_or_send": notices.create,
    "server.start": stores.start,
}


class Direct(JupyterServer):
    """The service of a hub itself, as a server whose root is the mirror of the user's files."""

    def __init__(self, service: HubService, user: str):
        self.root, self.store = home_folder(service.store, user), service.store
        self.root.mkdir(parents=True)
        self.port, self.base_url, self._user = service.port, PREFIX, user
        self.url = service.url.rstrip("/")

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = TOKEN,
    ) -> Answer:
        return super().send(method, path, body, headers, self._user if token == TOKEN else token)

    def request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        """Send a request; the service has no route of Jupyter."""
        return super().request(
            method, "/nbyard/api/health" if path == "/api" else path, body, headers
        )


@pytest.fixture(scope="module", params=["server", "forwarding", "service"])
def ground(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Ground]:
    """A user's own server, one that forwards to the service of a hub, or that service."""
    folder = tmp_path_factory.mktemp("bad")
    if request.param == "server":
        server = JupyterServer(folder).start()
        try:
            yield Ground(server)
        finally:
            server.stop()
        return
    service = HubService(folder, before=WITH_PROCESSES, requests_per_minute="0").start()
    service.people.rights["ann"] = (*RIGHTS, "admin")
    with pytest.MonkeyPatch.context() as patch:
        for module in ("domain.users.isolation", "runtimes.protocol", "host.entry_points"):
            patch.setattr(f"nbyard.{module}.ISOLATED", ("docker", "dask", "process"))
        try:
            if request.param == "service":
                yield Ground(Direct(service, "ann"), request.param, service.store)
            else:
                with forwarding(folder, service.url) as server:
                    yield Ground(server, request.param, service.store)
        finally:
            service.stop()


def test_each_corpus_entry_is_tried_or_has_a_reason():
    assert {entry["op"] for entry in tried()} == {*OPERATIONS}
    assert {*UNTRIED} <= {entry["id"] for entry in entries()}


@pytest.mark.sample(40)
@pytest.mark.parametrize(
    "entry",
    [pytest.param(entry, id=entry["id"]) for entry in tried()],
)
def test_each_bad_input_gets_the_promised_class_of_answer(ground: Ground, entry: dict[str, Any]):
    if why := untried(entry, ground.way):
        pytest.skip(why)
    before = ground.counts()
    CANARY.unlink(missing_ok=True)
    given = payload(entry)
    found = OPERATIONS[entry["op"]](ground, given, entry)
    assert is_as_promised(promised(entry, ground.way), found), found
    if entry["expect"].startswith("REJECT") and entry["id"] not in ("BI-016", "BI-017"):
        assert leaves_nothing(entry, before, ground.counts())
    assert not CANARY.exists()
    assert ground.server.request("GET", "/nbyard/api/health", None, {}).status == 200
    assert ground.server.request("GET", "/api", None, {}).status == 200


def is_as_promised(expected: str, found: Seen) -> bool:
    """Return whether an answer belongs to the class."""
    if expected in STATUSES:
        return found.status in STATUSES[expected] and bool(found.said)
    if expected in ("WARN_OR_REJECT", "CLAMP_OR_REJECT", "ACCEPT_OR_LIMIT", "NEEDS_CHOICE"):
        return found.status < 500 and bool(found.said)
    if expected in ("ACCEPT_INERT", "ACCEPT_MASKED", "ACCEPT_SAME_RESULT"):
        return found.status < 300 and found.kept
    if expected == "START_REFUSED_CLEAR":
        return found.status == 503 and bool(found.said)
    return found.status < 500 and bool(found.said)


def leaves_nothing(entry: dict[str, Any], before: dict[str, int], after: dict[str, int]) -> bool:
    """Check that nothing was created.

    A failed import leaves a dataset without bytes, for a retry."""
    if entry["op"].startswith("dataset."):
        before, after = {**before, "datasets": 0}, {**after, "datasets": 0}
    return before == after


def test_no_secret_was_stored(ground: Ground):
    for place, _, names in os.walk(ground.store):
        for path in (Path(place, name) for name in names):
            if path.is_file():
                with contextlib.suppress(FileNotFoundError):  # attempts are being cleared away
                    assert SECRET not in path.read_bytes(), path
