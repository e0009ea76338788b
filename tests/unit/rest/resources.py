"""One resource of each kind of a user, and requests that name it: for walks over all operations."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import update

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.projects.members import SHARED_KINDS
from nbyard.domain.workflows.structs import Document, Meta
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.store import Connection, Store
from nbyard.store.schema.deployment_tables import models

from ..store.automations.conftest import add as add_automation
from ..store.automations.test_backfills import add_backfill
from ..store.lineage.records import Records
from ..store.runs.test_bisections import a_bisection
from ..store.test_deployments import add as add_deployment
from ..store.test_models import MODEL

Send = Callable[..., Any]
OF_USERS = [operation for operation in table() if not operation.scope.endswith(":admin")]
ON_ONE = [operation for operation in OF_USERS if operation.placed("path")]
# What is never shared is found by its owner alone.
PRIVATE = {"bisection", "channel", "credential", "image", "upload"}
# It is in the names of all resources.
SECRET = "unseen"
# Variables of paths that are no IDs.
LABELS = {"node": "a", "output": "out", "name": "out", "policy": "p", "key": "none"}


class Resources:
    """The IDs of one resource of each kind, by the variable of paths that names it."""

    owner = Caller("ann")

    def __init__(self, store: Store, send: Send):
        self.store = store
        self.name = f"{SECRET}-{new_id()}"
        automation, backfill, deployment = new_id(), new_id(), new_id()
        self.ids = {"automation": automation, "backfill": backfill, "deployment": deployment}
        with store.write() as c:
            self.ids |= self._insert(Records(store, c), c)
        add_automation(store, automation, path=f"/{self.name}")
        add_backfill(store, backfill, automation)
        add_deployment(store, deployment, self.owner.name, name=f"a{automation}")
        bodies: dict[str, dict[str, Any]] = {
            "credential": {"kind": "token", "fields": {"secret": "s3"}},
            "channel": {"url": "https://hooks.slack.com/services/T/B/X"},
            "project": {},
        }
        for kind, body in bodies.items():
            made = send(self.owner, "POST", f"/{kind}s", {"name": self.name, **body})
            assert made.status == 201, made.content
            self.ids[kind] = made.json["id"]
        link = send(self.owner, "POST", f"/shares/dataset/{self.ids['dataset']}/links", {})
        self.ids["link"] = link.json["id"]
        upload = send(self.owner, "POST", "/uploads", {"filename": "a.csv", "size_bytes": 1})
        self.ids["upload"] = upload.json["id"]

    def _insert(self, rows: Records, c: Connection) -> dict[str, str]:
        owner, name = self.owner.name, self.name
        run, other = rows.run(name, owner, title=name), rows.run(None, owner, title=name)
        artifact = rows.artifact(rows.succeeded(run))
        rows.succeeded(other)
        image = rows.image(f"{name}:1", owner)
        document = Document(1, meta=Meta(id=name, title=name))
        workflow = self.store.workflows.create_or_update(c, owner, f"/{name}.nbflow", document)
        self.store.workflows.version_of(c, workflow, document)
        model = rows.model(image, owner=owner)
        columns = {"name": name, "model": msgspec.to_builtins(MODEL)}
        c.execute(update(models).where(models.c.id == model).values(**columns))
        bisection = a_bisection(owner, title=name)
        self.store.bisections.insert(c, bisection)
        return {
            **{"run": run.id, "runs": run.id, "other": other.id, "artifact": artifact.id},
            **{"dataset": rows.dataset(name, owner).id, "workflow": workflow.id},
            **{"executable": rows.executable(name, owner).id, "image": image},
            "environment": rows.environment(name, owner).id,
            "model": model,
            "bisection": bisection.id,
        }

    def link_all(self, send: Send) -> None:
        """Link the resources of each kind that can be shared to the project."""
        for name in (*SHARED_KINDS, "other"):
            if name != "project":
                kind = "run" if name == "other" else name
                body = {"kind": kind, "resource": self.ids[name]}
                made = send(self.owner, "POST", f"/projects/{self.ids['project']}/links", body)
                assert made.status == 201, made.content

    def path(self, operation: Operation, **others: str) -> str:
        """Return the path of an operation on these resources, with its needed parameters."""
        ids = {**self.ids, **others}
        values = {"kind": "dataset", "resource": ids["dataset"], **LABELS, **ids}
        path = operation.path.format_map({key: quote(text, "") for key, text in values.items()})
        needed = {"old": "1", "new": "1", "kind": "dataset", "others": ids["other"]}
        query = [
            f"{field.name}={needed.get(field.name, ids['other'])}"
            for field in operation.placed("query")
            if not isinstance(field.default, (str, int, float, bool, type(None)))
        ]
        return f"{path}?{'&'.join(query)}" if query else path

    def body(self, operation: Operation) -> dict[str, Any] | None:
        """Return the body of an operation on one resource, of which each has an entry."""
        if not operation.placed("body"):
            return None
        if operation.id == "projects.link":
            return {"kind": "dataset", "resource": self.ids["dataset"]}
        return BODIES[operation.id]


def is_private(operation: Operation) -> bool:
    """Return whether an operation is on a resource that is never shared."""
    return operation.placed("path")[0].name in PRIVATE


# The bodies of operations on one resource. A new operation needs an entry.
BODIES: dict[str, dict[str, Any]] = {
    "automations.update": {"revision": 1},
    "automations.fire": {},
    "backfills.create": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
    "backfills.preview": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
    "channels.update": {"revision": 1},
    "credentials.update": {"version": 1},
    "datasets.update": {"revision": 1, "description": "d"},
    "datasets.notebook": {"folder": ""},
    "deployments.edit": {"title": "t"},
    "deployments.create_key": {"name": "k"},
    "environments.preview": {"requirements": "cowsay"},
    "environments.change": {"requirements": "cowsay"},
    "executables.update": {"revision": 1},
    "images.push": {"reference": "x:1"},
    "projects.update": {"revision": 1, "description": "d"},
    "projects.set_policy": {"older_than_days": 9},
    "shares.grant": {"name": "eve", "role": "owner"},
    "shares.create_link": {"days": 1},
}


def naming(ids: dict[str, str]) -> dict[str, list[dict[str, Any] | str]]:
    """Return, for each operation without a resource in its path, requests that name resources.

    They are a query or a body, without one for operations that take no resource by ID.
    """
    run, dataset, executable, project = (
        ids[k] for k in ("run", "dataset", "executable", "project")
    )
    code: list[dict[str, Any] | str] = [{"executable": executable}, {"path": "none.nbflow"}]
    of_project, on_dataset = f"project={project}", {"kind": "dataset", "dataset": dataset}
    return {
        "artifacts.list": [of_project, f"executable={executable}"],
        "artifacts.suggest": ["name=out"],
        "automations.create": [
            {"run": {"executable": executable}, "on": {"kind": "interval", "every": 1}},
            {"run": {"path": "none.nbflow"}, "on": on_dataset},
        ],
        "automations.list": [of_project],
        "backfills.list": [f"automation={ids['automation']}"],
        "bisections.create": [{"good": run, "bad": ids["other"]}],
        "bisections.list": [""],
        "bisections.preview": [{"good": run, "bad": ids["other"]}],
        "channels.list": [""],
        "credentials.list": [of_project],
        "datasets.create": [
            {
                "source": {"kind": "url", "url": "http://a", "credential": ids["credential"]},
                "name": "a",
            },
            {"source": {"kind": "upload", "upload": ids["upload"]}, "name": "a"},
        ],
        "datasets.list": [of_project],
        "deployments.create": [{"image": ids["model"]}, {"image": ids["image"]}],
        "deployments.list": [of_project],
        "environments.list": [of_project],
        "environments.set_default": [
            {"environment": ids["environment"]},
            {"environment": "", "project": project},
        ],
        "environments.defaults": [""],
        "events.list": ["after=0"],
        "executables.list": [of_project],
        "executables.create": [{"upload": ids["upload"]}],
        "home.move_store": [{"upload": ids["upload"], "root": "/home/eve"}],
        "executables.inspect": [{"upload": ids["upload"]}],
        "executables.help": [{"executable": executable}, {"upload": ids["upload"]}],
        "images.build": [{"environment": ids["environment"]}],
        "images.dockerfile": [{"environment": ids["environment"]}],
        "images.list": [f"environment={ids['environment']}"],
        "images.pull": [{"reference": "none:1", "environment": ids["environment"]}],
        "lineage.get": [f"kind={kind}&key={ids[kind]}" for kind in LINEAGE],
        "models.build": [{"run": run, "output": "a.out"}],
        "models.deployed": [{"run": run, "output": "a.out"}],
        "models.list": [of_project, f"id={ids['model']}"],
        "models.catalog": [""],
        "models.sources": [""],
        "projects.list": [""],
        "quotas.use": [""],
        "runs.check": code,
        "runs.check_sample": code,
        "runs.clean_up": [of_project],
        "runs.create": code,
        "runs.forecast": code,
        "runs.list": [
            *(of_project, f"executable={executable}", f"workflow={ids['workflow']}"),
            *(f"automation={ids['automation']}", "origin=manual", "order=number", "search=unseen"),
        ],
        "runs.metric_history": [f"workflow={ids['workflow']}", f"executable={executable}"],
        "runs.preview_clean_up": [of_project],
        "runs.preview_retention": [of_project],
        "runs.retention": [""],
        "workflows.compare": [f"path={ids['workflow']}&old=1"],
        "workflows.images": [f"path={ids['workflow']}"],
        "workflows.list": [of_project],
        "workflows.restore": [f"path=own.nbflow&workflow={ids['workflow']}"],
        "workflows.show": [f"path={ids['workflow']}"],
        "workflows.versions": [f"path={ids['workflow']}"],
        "workflows.unrun": [""],
    }


LINEAGE = ("dataset", "artifact", "run", "model", "image", "deployment")
# Operations that name no stored resource, except by the path of a file or the name of a project.
OF_FILES = {
    *("contracts.list", "contracts.accept", "contracts.export", "contracts.import_schema"),
    *("contracts.propose", "executables.preview", "executables.tag", "executables.declare"),
    *("workflows.check", "workflows.code_files", "workflows.create_example"),
    *("workflows.example_needs", "workflows.from_files", "workflows.templates"),
    "automations.preview",
    *("channels.create", "channels.test_url", "credentials.create", "credentials.kinds"),
    *("credentials.reseal", "deployments.form", "environments.create", "kernels.list"),
    *("projects.create", "projects.plan", "projects.push", "runs.set_retention"),
    *("home.get", "home.changes", "home.update", "system.announcements"),
    *("system.doctor", "system.gpus", "system.runtimes", "system.spell", "uploads.create"),
}
