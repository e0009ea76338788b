"""Find the images that tasks and deployments name by a reference or an ID of the engine."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from nbyard.domain.lineage.structs import Ref
from nbyard.store.schema.tables import images
from nbyard.store.visibility import may_see

I = images.c  # noqa: E741
Named = tuple[str, str]  # its name, and its ID on the engine if known


def image_refs(c: Connection, viewer: str, wanted: Collection[Named]) -> dict[Named, Ref]:
    """Return the image of each name: by its ID on the engine if known, else by the name.

    An image that was not built or pulled here is known by its name only. Images of the viewer
    come first, then the newest.
    """
    if not wanted:
        return {}
    # A name may have moved to another image since, so the ID on the engine decides.
    names, ids = {name for name, _ in wanted}, {key for _, key in wanted if key}
    is_own = may_see(viewer, I.owner).label("is_own")
    query = select(I.id, I.reference, I.image_id, is_own).where(I.removed_at.is_(None))
    rows = c.execute(query.where(I.reference.in_(names) | I.image_id.in_(ids))).all()
    refs = {}
    for name, key in wanted:
        fits = [row for row in rows if (row.image_id == key if key else row.reference == name)]
        best = max(fits, key=lambda row: (row.reference == name, row.is_own, row.id), default=None)
        refs[name, key] = Ref("image", best.id if best else name)
    return refs
