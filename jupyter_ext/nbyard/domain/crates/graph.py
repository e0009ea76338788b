"""The graph of a crate: entities by ID, whose references grow while it is written."""

from typing import Any
from urllib.parse import quote

import msgspec

from nbyard.domain.naming.names import safe_filename

METADATA = "ro-crate-metadata.json"
CRATE = "https://w3id.org/ro/crate/1.1"
TERMS = "https://w3id.org/ro/terms/workflow-run#"
# Terms beside those of RO-Crate 1.1. They stand in the crate, so that it is read without a network.
OWN_TERMS = {
    name: f"{TERMS}{name}"
    for name in (
        "ParameterConnection",
        "connection",
        "sourceParameter",
        "targetParameter",
        "sha256",
    )
}
Entity = dict[str, Any]


class CrateFile(msgspec.Struct, frozen=True):
    """A file or folder of a crate, at the path `place`.

    Its bytes are those of the stored `digest`, or else `content`.
    """

    place: str
    digest: str = ""
    content: bytes = b""

    @property
    def is_folder(self) -> bool:
        """Return whether it is a folder."""
        return self.digest.startswith("tree:")

    @property
    def key(self) -> str:
        """Return the ID of the entity that describes the file."""
        return quote(self.place) + ("/" if self.is_folder else "")


class CodeFile(msgspec.Struct, frozen=True):
    """A file of a code bundle, by its path in the bundle."""

    path: str
    digest: str
    size: int


class CrateGraph:
    """The entities of a crate in the order of their addition, and its files by path."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}
        self.files: dict[str, CrateFile] = {}

    def add(self, key: str, kind: str | list[str], **properties: Any) -> Entity:
        """Add an entity, or properties of a known one, and return a reference to it.

        Properties without a value are left out.
        """
        given = {name: value for name, value in properties.items() if value not in (None, "", [])}
        self._entities.setdefault(key, {"@id": key, "@type": kind}).update(given)
        return ref(key)

    def has(self, key: str) -> bool:
        """Return whether an entity was added."""
        return key in self._entities

    def link(self, key: str, name: str, *refs: Entity) -> None:
        """Add references to a property of an entity, each once."""
        known = self._entities[key].setdefault(name, [])
        known += [reference for reference in refs if reference not in known]

    def add_file(
        self, file: CrateFile, kind: str | list[str] = "File", **properties: Any
    ) -> Entity:
        """Add a file or folder with its entity, as a part of the crate."""
        self.files[file.place] = file
        entity = self.add(file.key, kind, **properties)
        self.link("./", "hasPart", entity)
        return entity

    def metadata(self) -> Entity:
        """Return the content of ro-crate-metadata.json."""
        graph = [_short(entity) for entity in self._entities.values()]
        return {"@context": [f"{CRATE}/context", OWN_TERMS], "@graph": graph}


def ref(key: str) -> Entity:
    """Return a reference to an entity."""
    return {"@id": key}


def key_of(*parts: str) -> str:
    """Return the ID of an entity that is no file."""
    return "#" + "/".join(quote(word, safe="") for word in parts)


def place_of(*parts: str) -> str:
    """Return the path of a file in the crate."""
    return "/".join(safe_filename(word) for word in parts)


def _short(entity: Entity) -> Entity:
    """Return an entity whose lists of one reference are that reference."""
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 and name != "@type" else value
        for name, value in entity.items()
    }
