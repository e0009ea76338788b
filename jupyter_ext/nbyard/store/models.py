"""Rows of model packages, which share state and deletion with their image, and of their probes."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from nbyard.domain.models.model_probes import ModelProbe, ProbeAnswer
from nbyard.domain.models.structs import (
    REPOSITORIES,
    ModelFile,
    ModelFilter,
    ModelPackage,
    RunOutput,
    ServedModel,
    near_names,
    repository_of,
    stem_of,
)
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.schema.deployment_tables import models, trials
from nbyard.store.schema.tables import images
from nbyard.store.visibility import is_own, may_see

M = models.c
I = images.c  # noqa: E741
OWN = (
    *(M.id, M.name, M.tag, M.mode, M.platform_tag, M.number, M.path, M.bundle_digest, M.model),
    *(M.source, M.image, M.owner, M.created_at, I.reference, I.image_id, I.state, I.reason),
)
# Accepted prefixes before the name of an image.
BEGINNINGS = ("", "nbyard/", REPOSITORIES)
# Images that are being deleted do not count, whatever their lease.
LEASED = M.kept_until.is_not(None) & M.image.in_(select(I.id).where(I.removed_at.is_(None)))
T = trials.c
# how long rows of a killed server may stay
KEPT = timedelta(hours=1)


class ModelRows:
    """Queries on model packages; queries with an `owner` see only the packages of that owner."""

    def insert(self, c: Connection, row: dict[str, Any]) -> None:
        """Insert a package; its image must already be in the database."""
        c.execute(insert(models), [{**row, "created_at": datetime.now(UTC)}])

    def next_number(self, c: Connection, repository: str) -> int:
        """Return the next number of the repository, counted over all owners."""
        last = c.execute(select(func.max(M.number)).where(M.repository == repository)).scalar()
        return (last or 0) + 1

    def get(self, c: Connection, owner: str, key: str) -> ModelPackage | None:
        """Return a package by its ID, the ID or name of its image, or its name.

        A name or `name:tag` selects the newest package.
        """
        name, _, tag = key.rpartition(":")
        named = (I.reference == key) | (M.name == key) | ((M.name == name) & (M.tag == tag))
        asked = (M.id == key) | (M.image == key) | (I.image_id == key)
        asked = asked | (is_own(owner, M.owner) & named)
        row = c.execute(self._seen(owner).where(asked).order_by(M.id.desc()).limit(1)).first()
        return _package(row) if row else None

    def find(self, c: Connection, owner: str, key: str) -> ModelPackage | None:
        """Return a package as `get` does, or by a near name.

        A near name differs in letter case, or is written as in image names. If the key means only
        one model this way, its newest package is returned.
        """
        if package := self.get(c, owner, key):
            return package
        names = self.names(c, owner)
        if near := near_names(names, key):
            return self.get(c, owner, near[0]) if len(near) == 1 else None
        head, _, tag = key.rpartition(":")
        near = near_names(names, head) if head else []
        if len(near) != 1:
            return None
        # A model without a tag has its number as the tag of its image.
        image = f"{repository_of(near[0])}:{tag}"
        return self.get(c, owner, f"{near[0]}:{tag}") or self.get(c, owner, image)

    def names(self, c: Connection, owner: str) -> set[str]:
        """Return the names of all models."""
        own = self._seen(owner).with_only_columns(M.name)
        return set(c.execute(own.where(is_own(owner, M.owner))).scalars())

    def of_image(self, c: Connection, image: str) -> ModelPackage | None:
        """Return the package from which an image is built."""
        query = select(*OWN).join(images, I.id == M.image).where(M.image == image)
        row = c.execute(query).first()
        return _package(row) if row else None

    def page(
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        wanted: ModelFilter,
        project: str = "",
    ) -> list[ModelPackage]:
        """Return a page of packages, newest first."""
        seen = self._seen(owner, c).where(linked_to(project, "model", M.id))
        query = newest_first(seen, M.id, limit, after)
        query = with_text(query, wanted.tag, M.tag)
        query = with_text(query, wanted.mode, M.mode)
        query = with_text(query, wanted.id, M.id, I.image_id)
        if name := wanted.name:
            # A part of the name, also as written in image names, or the full image name.
            fits = M.name.icontains(name, autoescape=True)
            if ":" in name:
                fits |= I.reference.in_([f"{beginning}{name}" for beginning in BEGINNINGS])
            else:
                fits |= M.repository.like(f"{REPOSITORIES}%{stem_of(name)}%")
            query = query.where(fits)
        return [_package(row) for row in c.execute(query)]

    def of_outputs(
        self, c: Connection, owner: str, digests: Collection[str]
    ) -> dict[str, ModelFile]:
        """Return the newest model that was built from each of these bytes."""
        digest = M.source["digest"].as_string()
        query = select(digest.label("digest"), M.model).where(
            is_own(owner, M.owner), digest.in_(digests)
        )
        # In the order of creation, so that the newest model of each digest stays in the result.
        rows = c.execute(query.order_by(M.id))
        return {row.digest: msgspec.convert(row.model, ModelFile) for row in rows}

    def digests(self, c: Connection) -> set[str]:
        """Return the digests of the bundles of all packages."""
        return set(c.execute(select(M.bundle_digest)).scalars())

    def set_lease_end(self, c: Connection, model: str, until: datetime | None) -> None:
        """Set the end of the package's lease; None means no end."""
        c.execute(update(models).where(M.id == model).values(kept_until=until))

    def is_leased(self, c: Connection, model: str = "") -> bool:
        """Return whether the package, or without `model` any package, has a lease that ends."""
        leased = select(M.id).where(LEASED & (M.id == model) if model else LEASED)
        return c.execute(leased.limit(1)).first() is not None

    def with_expired_lease(self, c: Connection, now: datetime) -> list[ModelPackage]:
        """Return the packages whose lease has expired."""
        query = select(*OWN).join(images, I.id == M.image).where(I.removed_at.is_(None))
        return [_package(row) for row in c.execute(query.where(M.kept_until < now))]

    def _seen(self, owner: str, c: Connection | None = None) -> Select[Any]:
        shown = may_see(owner, M.owner, c) & I.removed_at.is_(None)
        return select(*OWN).join(images, I.id == M.image).where(shown)


Image = tuple[str, str]  # its name, and its ID if known


def packages_of_images(
    c: Connection, owner: str, wanted: Collection[Image]
) -> dict[Image, ServedModel]:
    """Return the package of each image: by image ID if known, else by current name."""
    names, ids = {name for name, _ in wanted}, {key or name for name, key in wanted}
    query = select(M.id, M.name, M.tag, M.number, M.path, M.source, I.reference, I.image_id)
    query = query.join(images, I.id == M.image).where(may_see(owner, M.owner)).order_by(M.id)
    rows = c.execute(query.where(I.reference.in_(names) | I.image_id.in_(ids))).all()
    served_models = {}
    for name, key in wanted:
        fits = [r for r in rows if r.image_id == (key or name) or r.reference == (not key and name)]
        if fits:
            # Prefer the package with the requested name, then the newest.
            last = max(fits, key=lambda row: (row.reference == name, row.id))
            source = msgspec.convert(last.source, RunOutput | None)
            fields = (last.id, last.name, last.tag, last.number, last.path, source)
            served_models[name, key] = ServedModel(*fields)
    return served_models


def _package(row: Any) -> ModelPackage:
    values = {name: getattr(row, name) for name in ModelPackage.__struct_fields__}
    values["model"] = msgspec.convert(values["model"], ModelFile)
    values["source"] = msgspec.convert(values["source"], RunOutput | None)
    return ModelPackage(**values)


class ModelProbeRows:
    """Queries on probes. The request that inserts a probe waits for its answer and deletes it."""

    def insert(self, c: Connection, probe: ModelProbe) -> None:
        """Insert a probe, and delete abandoned ones."""
        now = datetime.now(UTC)
        # A killed server never deletes its own rows.
        c.execute(delete(trials).where(T.created_at < now - KEPT))
        row = {"id": probe.id, "trial": msgspec.to_builtins(probe), "created_at": now}
        c.execute(insert(trials), [row])

    def open(self, c: Connection) -> list[ModelProbe]:
        """Return the probes without an answer, oldest first."""
        query = select(T.trial).where(T.answer.is_(None)).order_by(T.id)
        return [msgspec.convert(probe, ModelProbe) for probe in c.execute(query).scalars()]

    def begin(self, c: Connection, key: str) -> bool:
        """Mark a probe as begun; return False if it was begun before."""
        query = update(trials).where(T.id == key, T.begun_at.is_(None))
        return bool(c.execute(query.values(begun_at=datetime.now(UTC))).rowcount)

    def begun(self, c: Connection) -> set[str]:
        """Return the IDs of probes in progress."""
        query = select(T.id).where(T.begun_at.is_not(None), T.answer.is_(None))
        return set(c.execute(query).scalars())

    def conclude(self, c: Connection, key: str, answer: ProbeAnswer) -> None:
        """Store the answer; only the first answer counts."""
        query = update(trials).where(T.id == key, T.answer.is_(None))
        c.execute(query.values(answer=msgspec.to_builtins(answer)))

    def answer(self, c: Connection, key: str) -> ProbeAnswer | None:
        """Return the answer of a probe; None while it is in progress."""
        answer = c.execute(select(T.answer).where(T.id == key)).scalar()
        return None if answer is None else msgspec.convert(answer, ProbeAnswer)

    def delete(self, c: Connection, key: str) -> None:
        """Delete a probe."""
        c.execute(delete(trials).where(T.id == key))
