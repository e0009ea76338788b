"""Images by the names and IDs of the engine."""

from sqlalchemy import update

from nbyard.domain.lineage.structs import Ref
from nbyard.store.lineage.connections import image_refs
from nbyard.store.schema.tables import images

from .records import Records


def test_an_image_is_known_by_its_id_else_by_its_name(store):
    with store.write() as c:
        rows = Records(store, c)
        theirs = rows.image("m:1", "eve")
        mine = rows.image("m:1", image_id="sha256:1")
        other = rows.image("m:2", image_id="sha256:1")
        c.execute(update(images).where(images.c.id == theirs).values(image_id="sha256:2"))
        found = image_refs(
            c, "ada", {("m:1", ""), ("m:1", "sha256:1"), ("m:1", "sha256:2"), ("m:1", "sha256:9")}
        )
        assert found["m:1", ""] == found["m:1", "sha256:1"] == Ref("image", mine)
        assert found["m:1", "sha256:2"] == Ref("image", theirs), "what runs counts, not its name"
        assert found["m:1", "sha256:9"] == Ref("image", "m:1")
        assert image_refs(c, "ada", {("m:3", "sha256:1")})["m:3", "sha256:1"] == Ref("image", other)
        assert image_refs(c, "eve", {("m:1", "")})["m:1", ""] == Ref("image", theirs)
        assert image_refs(c, "eve", set()) == {}
