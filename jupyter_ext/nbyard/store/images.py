"""Rows of images: names on the engine, and how they came to be."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Text, cast, delete, select, update

from nbyard.domain.images.dockerfiles import FailedLine
from nbyard.domain.images.structs import NamedImage, Recipe
from nbyard.domain.states import IMAGE
from nbyard.store import events, transition
from nbyard.store.events import Subject
from nbyard.store.schema.deployment_tables import deployments, revisions
from nbyard.store.schema.tables import executable_versions, images, tasks

I = images.c  # noqa: E741
# so many of an id the engine shows, and takes
ID_LETTERS = 12
FIELDS = NamedImage.__struct_fields__
# asked in every round of the dispatcher, and nearly always there is none
ANY_UNDER_WAY = (
    select(I.id).where(I.state.in_(sorted(IMAGE.live)) | I.removed_at.is_not(None)).limit(1)
)


class ImageRow(msgspec.Struct, frozen=True):
    """An image with what only whoever makes it needs: the bytes that go into it, in which `file` is
    the Dockerfile."""

    image: NamedImage
    context_digest: str
    file: str
    started_at: datetime | None


class ImageRows:
    """Queries on images; those with an `owner` see only what belongs to it. One that is to be
    removed is seen by the dispatcher only."""

    def insert(self, c: Connection, owner: str, image_id: str, **columns: Any) -> None:
        """A new one, queued; others of its name that came to nothing go."""
        same = (I.owner == owner) & (I.reference == columns["reference"])
        c.execute(delete(images).where(same, I.state == "failed"))
        row: dict[str, Any] = dict.fromkeys(
            ("environment", "path", "source", "digest", "image_id", "reason"), ""
        )
        row |= {"context_digest": "", "file": "", "version": 0, "recipe": {}, "cached": False}
        row |= {"owner": owner, "created_at": datetime.now(UTC), **columns}
        transition.begin(c, IMAGE, Subject(image_id, owner), row)

    def move(self, c: Connection, image: NamedImage, to: str, **columns: Any) -> bool:
        """To its next state; False when it is not there any more. One that is ready takes the place
        of the others of its name; one that was pushed stands beside that which was built."""
        subject = Subject(image.id, image.owner)
        told = {"reason": columns["reason"]} if columns.get("reason") else {}
        if to == "building":
            columns["started_at"] = datetime.now(UTC)
        if to in IMAGE.terminal:
            columns["finished_at"] = datetime.now(UTC)
        moved = transition.move(c, IMAGE, subject, to, told=told, **columns)
        if moved and to == "ready":
            others = _same_name(image) & (I.id != image.id) & I.state.in_(IMAGE.terminal)
            if image.origin == "push":
                others &= (I.origin != "build") | (I.state == "failed")
            c.execute(delete(images).where(others))
        return moved

    def under_way(self, c: Connection) -> list[ImageRow]:
        """Those that are not at their end, the oldest first."""
        if c.execute(ANY_UNDER_WAY).first() is None:
            return []
        live = select(images).where(I.state.in_(sorted(IMAGE.live)), I.removed_at.is_(None))
        return [_row(row) for row in c.execute(live.order_by(I.id))]

    def to_remove(self, c: Connection) -> list[ImageRow]:
        return [_row(r) for r in c.execute(select(images).where(I.removed_at.is_not(None)))]

    def is_wanted(self, c: Connection, image_id: str) -> bool:
        """Whether nobody has removed it."""
        found = c.execute(select(I.id).where(I.id == image_id, I.removed_at.is_(None)))
        return found.first() is not None

    def get(self, c: Connection, owner: str, key: str) -> NamedImage | None:
        """By id, else of that name the one that is being made, or that is ready, or that failed."""
        first = (I.state.in_(sorted(IMAGE.live)).desc(), (I.state == "ready").desc())
        return self._first(c, owner, key, *first)

    def newest(self, c: Connection, owner: str, key: str) -> NamedImage | None:
        """By id, else the last try of that name, whatever came of it."""
        return self._first(c, owner, key)

    def _first(self, c: Connection, owner: str, key: str, *order: Any) -> NamedImage | None:
        query = self._own(owner).where((I.id == key) | (I.reference == key))
        row = c.execute(query.order_by((I.id == key).desc(), *order, I.id.desc())).first()
        return _row(row).image if row else None

    def of_environment(self, c: Connection, environment_id: str) -> NamedImage | None:
        """The newest that was to be built of it."""
        query = select(images).where(I.environment == environment_id, I.origin == "build")
        row = c.execute(query.order_by(I.id.desc()).limit(1)).first()
        return _row(row).image if row else None

    def built(self, c: Connection, digest: str) -> list[str]:
        """Ids by which the engine knows what was built of inputs with this digest, newest first."""
        same = (I.origin == "build") & (I.state == "ready") & (I.digest == digest)
        query = select(I.image_id).where(same, I.removed_at.is_(None)).order_by(I.id.desc())
        return [*c.execute(query).scalars()]

    def replaced(self, c: Connection, image: NamedImage) -> list[str]:
        """Ids of what was built under its name before."""
        before = _same_name(image) & (I.origin == "build") & (I.state == "ready")
        return [*c.execute(select(I.image_id).where(before, I.id != image.id)).scalars()]

    def is_needed(self, c: Connection, image_id: str) -> bool:
        """Whether any record names it by its id: another image, a run, a deployment."""
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
        """Whether a deployment, an executable or a task names it, by its name or its id."""
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

    def has_notebook_packages(self, c: Connection, owner: str, name: str) -> bool:
        """Whether the image of this name or id was built here for notebooks, of an environment."""
        return any(one.recipe.for_notebooks for one in self.of_environments(c, owner, name))

    def of_environments(self, c: Connection, owner: str, name: str) -> list[NamedImage]:
        """What the image of this name or id was built here as, of an environment."""
        own = self._own(owner).with_only_columns(I.image_id)
        called = I.reference.in_([name, f"{name}:latest"]) | (I.image_id == name)
        named = own.where(called, I.state == "ready")
        built = select(images).where(I.image_id.in_(named), I.origin == "build")
        return [_row(row).image for row in c.execute(built.where(I.environment != ""))]

    def page(
        self, c: Connection, owner: str, limit: int, after: str, search: str, environment: str
    ) -> list[NamedImage]:
        """Newest first."""
        query = self._own(owner).order_by(I.id.desc()).limit(limit)
        if after:
            query = query.where(I.id < after)
        if search:
            query = query.where(I.reference.icontains(search, autoescape=True))
        if environment:
            query = query.where(I.environment == environment)
        return [_row(row).image for row in c.execute(query)]

    def remove(self, c: Connection, image: NamedImage) -> None:
        """It is not shown any more, nor are tries to make it anew that failed; the dispatcher makes
        it so."""
        gone = I.id == image.id
        if image.state == "ready":
            gone |= _same_name(image) & (I.state == "failed")
        found = c.execute(select(I.id).where(gone, I.removed_at.is_(None))).scalars().all()
        c.execute(update(images).where(I.id.in_(found)).values(removed_at=datetime.now(UTC)))
        for one in found:
            events.append(c, "image", Subject(one, image.owner), {"change": "deleted"})

    def delete(self, c: Connection, image_id: str) -> None:
        c.execute(delete(images).where(I.id == image_id))

    def ids(self, c: Connection) -> set[str]:
        return set(c.execute(select(I.id)).scalars())

    def references(self, c: Connection) -> set[str]:
        """All names of what is there, or is being made."""
        stays = I.removed_at.is_(None) & (I.state != "failed")
        return set(c.execute(select(I.reference).where(stays)).scalars())

    def called(self, c: Connection, reference: str) -> list[NamedImage]:
        """Those of that name, of any owner, that are there or are being made."""
        stays = I.removed_at.is_(None) & (I.state != "failed")
        found = select(images).where(stays, I.reference == reference).order_by(I.id.desc())
        return [_row(row).image for row in c.execute(found)]

    def digests(self, c: Connection) -> set[str]:
        """Of the bytes that go into images."""
        return set(c.execute(select(I.context_digest).where(I.context_digest != "")).scalars())

    def _own(self, owner: str) -> Any:
        return select(images).where(I.owner == owner, I.removed_at.is_(None))


def _same_name(image: NamedImage) -> Any:
    return (I.owner == image.owner) & (I.reference == image.reference)


def _row(row: Row[Any]) -> ImageRow:
    values = {name: getattr(row, name) for name in FIELDS}
    values["recipe"] = msgspec.convert(values["recipe"], Recipe)
    values["failed_line"] = msgspec.convert(values["failed_line"], FailedLine | None)
    return ImageRow(NamedImage(**values), row.context_digest, row.file, row.started_at)
