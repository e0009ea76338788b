"""Rows of everything that a lineage shows, and walks over them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import update

from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.ids import new_id
from nbyard.domain.lineage.graph import Walk
from nbyard.domain.lineage.structs import Lineage, LineageNode, Ref
from nbyard.domain.models.structs import RunOutput
from nbyard.domain.runs.structs import Binding, TaskPlan
from nbyard.store import Connection, Store
from nbyard.store.runs.tasks import TaskRecord
from nbyard.store.schema.deployment_tables import deployments, models, revisions
from nbyard.store.schema.tables import dataset_versions, images

from ..rows import START, Rows


class Records(Rows):
    """Rows of everything that a lineage shows."""

    def ready(self, name: str, owner: str = "ada", run_id: str = "", digest: str = "d") -> str:
        """The ID of the only version of a dataset."""
        made = self.dataset(name, owner)
        values = {"state": "ready", "digest": digest, "run_id": run_id}
        where = dataset_versions.c.id == made.current.id
        self.c.execute(update(dataset_versions).where(where).values(**values))
        return made.current.id

    def work(self, run: Any, node: str, bindings: Mapping[str, Binding], **plan: Any) -> TaskRecord:
        made = TaskPlan(node, node, "e", plan.pop("version", "v"), [], dict(bindings), "process")
        made = msgspec.structs.replace(made, **plan)
        task = self.task(run, node, state="succeeded", plan=msgspec.to_builtins(made))
        self.store.lineage.insert(self.c, [(task.id, made)])
        return task

    def environment(self, name: str, owner: str = "ada") -> UsedEnvironment:
        row = {"id": new_id(), "name": name, "description": "", "kernel": name, "owner": owner}
        self.store.environments.insert(self.c, {**row, "created_at": START})
        version = self.store.environments.add_version(self.c, owner, row["id"], ["cowsay"])
        return UsedEnvironment(row["id"], name, version, 1, "l")

    def image(self, reference: str, owner: str = "ada", **columns: Any) -> str:
        made = new_id()
        fields = {"reference": reference, "origin": "build"}
        self.store.images.insert(self.c, owner, made, **fields)
        if columns:
            self.c.execute(update(images).where(images.c.id == made).values(**columns))
        return made

    def model(self, image: str, source: RunOutput | None = None, owner: str = "ada") -> str:
        row: dict[str, Any] = dict.fromkeys(("tag", "platform_tag", "path", "bundle_digest"), "")
        row |= {"id": new_id(), "name": "irises", "owner": owner, "mode": "http", "number": 1}
        row |= {"repository": "r", "model": {}, "image": image, "created_at": START}
        row["source"] = msgspec.to_builtins(source)
        self.c.execute(models.insert(), [row])
        return str(row["id"])

    def deployment(self, name: str, image: str, owner: str = "ada") -> str:
        made = new_id()
        texts = {"name": name, "title": name, "description": ""}
        self.store.deployments.insert(self.c, owner, made, texts)
        row: dict[str, Any] = {"id": new_id(), "deployment_id": made, "number": 1, "origin": "x"}
        row |= dict.fromkeys(("password", "prefix", "image_id", "reproduce"), "")
        row |= {"spec": {"image": image}, "gpus": [], "places": [], "forms": [], "restarts": 0}
        self.c.execute(revisions.insert(), [{**row, "reason": None, "created_at": START}])
        self.c.execute(update(deployments).where(deployments.c.id == made).values(revision=1))
        return made


def walk(
    store: Store, c: Connection, viewer: str, starts: Sequence[Ref], most: int = 200
) -> Lineage:
    rows = store.lineage

    def describe(hints: Mapping[Ref, str]) -> Mapping[Ref, LineageNode]:
        return rows.nodes(c, viewer, hints)

    return Walk(
        lambda refs, direction: rows.links(c, viewer, refs, direction, most), describe, most
    ).of(starts)


def names(found: Lineage) -> list[str]:
    """Without the code of most tasks, which is not stored here."""
    shown = (node for node in found.nodes if node.kind != "code" or not node.is_deleted)
    return sorted(f"{node.kind} {node.name}" for node in shown)
