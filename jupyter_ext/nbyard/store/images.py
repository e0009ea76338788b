"""Rows of images: their names on the engine and how they were built."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Text, cast, delete, or_, select, true, update

from nbyard.domain.images.dockerfile_parser import FailedLine
from nbyard.domain.images.structs import NamedImage, Recipe
from nbyard.domain.state_machines import IMAGE, RUN
from nbyard.domain.users.isolation import Isolation
from nbyard.errors import Conflict, PolicyRefused
from nbyard.reasons.structs import because
from nbyard.store import events, transition
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.events import Subject
from nbyard.store.named_rows import columns_of
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.deployment_tables import deployments, models, revisions
from nbyard.store.schema.tables import (
    executable_versions,
    executables,
    images,
    run_templates,
    runs,
    tasks,
)
from nbyard.store.visibility import is_own, may_see

I = images.c  # noqa: E741
# The engine shows and accepts this many digits of an ID.
ID_LETTERS = 12
D, R = deployments.c, revisions.c
EXECUTABLES = (
    select(executables.c.name)
    .join(executable_versions, executables.c.id == executable_versions.c.executable_id)
    .distinct()
)
AUTOMATIONS = select(automations.c.name).join(
    run_templates, run_templates.c.id == automations.c.template_id
)
RUNS = (
    select(runs.c.number)
    .join(tasks, runs.c.id == tasks.c.run_id)
    .where(runs.c.state.in_(sorted(RUN.live)))
    .distinct()
)
# Cheap test: the dispatcher queries this in every round, nearly always without a result.
ANY_UNDER_WAY = (
    select(I.id).where(I.state.in_(sorted(IMAGE.live)) | I.removed_at.is_not(None)).limit(1)
)


class ImageRow(msgspec.Struct, frozen=True):
    """An image with the fields that only its builder needs."""

    image: NamedImage
    context_digest: str  # of the build context
    file: str  # the Dockerfile in it
    started_at: datetime | None


class ImageRows:
    """Queries on images; queries with an `owner` see only the images of that owner.

    Only the dispatcher sees an image that is being deleted.
    """

    def insert(self, c: Connection, owner: str, image_id: str, **columns: Any) -> None:
        """Insert a queued image and delete failed images with its name."""
        same = is_own(owner, I.owner) & (I.reference == columns["reference"])
        c.execute(delete(images).where(same, I.state == "failed"))
        row: dict[str, Any] = dict.fromkeys(
            ("environment", "path", "source", "digest", "image_id", "context_digest", "file"), ""
        )
        row |= {"reason": None, "version": 0, "recipe": {}, "cached": False}
        row |= {"owner": owner, "created_at": datetime.now(UTC), **columns}
        transition.begin(c, IMAGE, Subject(image_id, owner), row)

    def move(self, c: Connection, image: NamedImage, to: str, **columns: Any) -> bool:
        """Move an image to its next state; return False if its state does not allow it.

        That is also the case if the image no longer exists. A ready image replaces others with its
        name. A pushed image does not replace the built one.
        """
        subject = Subject(image.id, image.owner)
        event_data = {"reason": columns["reason"]} if columns.get("reason") else {}
        if to == "building":
            columns["started_at"] = datetime.now(UTC)
        if to in IMAGE.terminal:
            columns["finished_at"] = datetime.now(UTC)
        moved = transition.move(c, IMAGE, subject, to, event_data=event_data, **columns)
        if moved and to == "ready":
            others = _same_name(image) & (I.id != image.id) & I.state.in_(IMAGE.terminal)
            # A push must not delete the row of the build with the same name.
            if image.origin == "push":
                others &= (I.origin != "build") | (I.state == "failed")
            c.execute(delete(images).where(others))
        return moved

    def under_way(self, c: Connection) -> list[ImageRow]:
        """Return the images in progress, oldest first."""
        if c.execute(ANY_UNDER_WAY).first() is None:
            return []
        live = select(images).where(I.state.in_(sorted(IMAGE.live)), I.removed_at.is_(None))
        return [_row(row) for row in c.execute(live.order_by(I.id))]

    def to_remove(self, c: Connection) -> list[ImageRow]:
        """Return the images that are being deleted."""
        return [_row(r) for r in c.execute(select(images).where(I.removed_at.is_not(None)))]

    def is_wanted(self, c: Connection, image_id: str) -> bool:
        """Return whether the image exists and is not being deleted."""
        rows = c.execute(select(I.id).where(I.id == image_id, I.removed_at.is_(None)))
        return rows.first() is not None

    def get(self, c: Connection, owner: str, key: str) -> NamedImage | None:
        """Return an image by ID, else by name: one in progress, else ready, else failed."""
        first = (I.state.in_(sorted(IMAGE.live)).desc(), (I.state == "ready").desc())
        return self._first(c, owner, key, *first)

    def usable(
        self, c: Connection, rules: Isolation, owner: str, name: str, *, awaits: bool = False
    ) -> str:
        """Return what the engine calls an image that the owner may use: its name or its ID.

        That is an own image, or by its ID, that of a model that the owner may see. With `awaits`,
        an image may still be in progress.

        Raises:
            PolicyRefused: a shared store does not allow the image.
            Conflict: the image is not ready.
        """
        if not name or rules.is_listed(name):
            return name
        called = I.reference.in_([name, f"{name}:latest"]) | (I.image_id == name)
        seen = select(models.c.image).where(may_see(owner, models.c.owner))
        known = is_own(owner, I.owner) & called | I.id.in_(seen) & (I.image_id == name)
        # What was pulled has the name of an image that the administrator no longer allows.
        known &= (I.origin != "pull") & (I.state != "failed") & I.removed_at.is_(None)
        order = ((I.state == "ready").desc(), I.id.desc())
        row = c.execute(select(images).where(known).order_by(*order)).first()
        if row is None:
            hint = because("use-allowed-image")
            raise PolicyRefused(because("image-off", image=name), hint=hint)
        if row.state != "ready" and not awaits:
            raise Conflict(because("image-not-built-yet", image=name))
        return row.image_id or name

    def newest(self, c: Connection, owner: str, key: str) -> NamedImage | None:
        """Return an image by ID, else the newest one with that name, in any state."""
        return self._first(c, owner, key)

    def _first(self, c: Connection, owner: str, key: str, *order: Any) -> NamedImage | None:
        query = self._own(owner).where((I.id == key) | (I.reference == key))
        row = c.execute(query.order_by((I.id == key).desc(), *order, I.id.desc())).first()
        return _row(row).image if row else None

    def of_environment(self, c: Connection, environment_id: str) -> NamedImage | None:
        """Return the newest image built from the environment, in any state."""
        query = select(images).where(I.environment == environment_id, I.origin == "build")
        row = c.execute(query.order_by(I.id.desc()).limit(1)).first()
        return _row(row).image if row else None

    def ids_built_from(self, c: Connection, digest: str) -> list[str]:
        """Return engine IDs of images built from inputs with this digest, newest first."""
        same = (I.origin == "build") & (I.state == "ready") & (I.digest == digest)
        query = select(I.image_id).where(same, I.removed_at.is_(None)).order_by(I.id.desc())
        return [*c.execute(query).scalars()]

    def ids_of_earlier_builds(self, c: Connection, image: NamedImage) -> list[str]:
        """Return engine IDs of earlier builds with the same name."""
        before = _same_name(image) & (I.origin == "build") & (I.state == "ready")
        return [*c.execute(select(I.image_id).where(before, I.id != image.id)).scalars()]

    def is_needed(self, c: Connection, image_id: str) -> bool:
        """Return whether another image, a run or a deployment names the image by its ID."""
        # Users may have written the short form of the ID.
        short = image_id.removeprefix("sha256:")[:ID_LETTERS]
        kept = I.removed_at.is_(None) & ((I.image_id == image_id) | (I.source == image_id))
        return any(
            c.execute(query.limit(1)).first()
            for query in (
                select(I.id).where(kept),
                select(revisions.c.id).where(revisions.c.image_id == image_id),
                select(revisions.c.id).where(cast(revisions.c.spec, Text).contains(short)),
                select(tasks.c.id).where(cast(tasks.c.plan, Text).contains(short)),
            )
        )

    def is_used(self, c: Connection, image: NamedImage) -> bool:
        """Return whether a deployment, executable or task names the image by name or ID."""
        # In quotes, as in JSON: the name `app` must not match `my-app`.
        names = [f'"{name}"' for name in (image.reference, image.image_id) if name]
        is_shown = select(deployments.c.id).where(deployments.c.removed_at.is_(None))
        shown = revisions.c.deployment_id.in_(is_shown)
        return any(
            c.execute(query.where(cast(column, Text).contains(name)).limit(1)).first()
            for name in names
            for query, column in (
                (select(revisions.c.id).where(shown), revisions.c.spec),
                (select(executable_versions.c.id), executable_versions.c.resources),
                (select(tasks.c.id), tasks.c.plan),
            )
        )

    def users(self, c: Connection, image: NamedImage) -> list[str]:
        """Return what would lack the image: deployments, executables, automations, live runs.

        A deployment needs the images of all revisions, since it can be rolled back to each.
        """
        names = [image.reference]
        # Equal builds have one ID, and the engine keeps it while another name remains.
        twin = self._own(image.owner).where(I.image_id == image.image_id, I.id != image.id)
        if image.image_id and c.execute(twin.limit(1)).first() is None:
            names.append(image.image_id)
        named, pinned = R.spec["image"].as_string().in_(names), R.image_id.in_(names)
        joined = select(D.name).join(revisions, D.id == R.deployment_id).distinct()
        own = joined.where(is_own(image.owner, D.owner), D.removed_at.is_(None))
        users = [f"deployment {name}" for name in c.execute(own.where(named | pinned)).scalars()]
        for noun, query, content in (
            ("executable", EXECUTABLES, executable_versions.c.resources),
            ("automation", AUTOMATIONS, run_templates.c.content),
            ("run", RUNS, tasks.c.plan),
        ):
            fits = or_(*(cast(content, Text).contains(f'"{name}"') for name in names))
            users += [f"{noun} {row[0]}" for row in c.execute(query.where(fits)).all()]
        return users

    def has_notebook_packages(self, c: Connection, owner: str, name: str) -> bool:
        """Return whether an image was built here to run notebooks.

        It was built from an environment. `name` is its reference or its ID.
        """
        return any(
            image.recipe.for_notebooks for image in self.built_from_environments(c, owner, name)
        )

    def built_from_environments(self, c: Connection, owner: str, name: str) -> list[NamedImage]:
        """Return the images with this reference or ID that were built from environments."""
        own = self._own(owner).with_only_columns(I.image_id)
        # Docker adds this tag to a name without a tag.
        called = I.reference.in_([name, f"{name}:latest"]) | (I.image_id == name)
        named = own.where(called, I.state == "ready")
        built = select(images).where(I.image_id.in_(named), I.origin == "build")
        return [_row(row).image for row in c.execute(built.where(I.environment != ""))]

    def page(
        self, c: Connection, owner: str, limit: int, after: str, search: str, environment: str
    ) -> list[NamedImage]:
        """Return a page of images, newest first."""
        known = with_text(self._own(owner), search, I.reference)
        query = newest_first(known, I.id, limit, after)
        if environment:
            query = query.where(I.environment == environment)
        return [_row(row).image for row in c.execute(query)]

    def remove(self, c: Connection, image: NamedImage) -> None:
        """Hide an image and its failed rebuilds; the dispatcher then deletes them."""
        gone = I.id == image.id
        if image.state == "ready":
            gone |= _same_name(image) & (I.state == "failed")
        image_ids = c.execute(select(I.id).where(gone, I.removed_at.is_(None))).scalars().all()
        c.execute(update(images).where(I.id.in_(image_ids)).values(removed_at=datetime.now(UTC)))
        for image_id in image_ids:
            events.append(c, "image", Subject(image_id, image.owner), {"change": "deleted"})

    def delete(self, c: Connection, image_id: str) -> None:
        """Delete the row of an image."""
        c.execute(delete(images).where(I.id == image_id))

    def ids(self, c: Connection) -> set[str]:
        """Return the IDs of all images."""
        return set(c.execute(select(I.id)).scalars())

    def with_name(
        self, c: Connection, rules: Isolation, owner: str, reference: str
    ) -> list[NamedImage]:
        """Return the images that exist or are in progress, and have that name on the engine."""
        stays = I.removed_at.is_(None) & (I.state != "failed")
        stays &= I.owner == owner if rules.is_shared else true()
        query = select(images).where(stays, I.reference == reference).order_by(I.id.desc())
        return [_row(row).image for row in c.execute(query)]

    def digests(self, c: Connection) -> set[str]:
        """Return the digests of all build contexts."""
        return set(c.execute(select(I.context_digest).where(I.context_digest != "")).scalars())

    def _own(self, owner: str) -> Any:
        return select(images).where(is_own(owner, I.owner), I.removed_at.is_(None))


def _same_name(image: NamedImage) -> Any:
    return is_own(image.owner, I.owner) & (I.reference == image.reference)


def _row(row: Row[Any]) -> ImageRow:
    values = columns_of(row, NamedImage)
    values["recipe"] = msgspec.convert(values["recipe"], Recipe)
    values["failed_line"] = msgspec.convert(values["failed_line"], FailedLine | None)
    return ImageRow(NamedImage(**values), row.context_digest, row.file, row.started_at)
