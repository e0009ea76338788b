"""Models: their files are read, their packages built as images; the dispatcher builds."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard import bundles
from nbyard.domain.callers import Caller
from nbyard.domain.executables import Executable, Resources
from nbyard.domain.ids import new_id
from nbyard.domain.invocations import Invocation
from nbyard.domain.models import (
    BATCH,
    MLFLOW_FILE,
    MODEL_FILES,
    ModelFile,
    ModelFilter,
    ModelPackage,
    ModelSchema,
    NewModel,
    model_reference,
    repository_of,
)
from nbyard.domain.paging import Page, check_limit, page_of
from nbyard.domain.requirements import read_requirements
from nbyard.domain.sources import Sources
from nbyard.domain.states import IMAGE
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.kinds.model import ARGUMENTS, command_of, read_model
from nbyard.services.freezing import Freezer
from nbyard.services.operation import operation
from nbyard.services.parts import Parts, keeping_bytes

if TYPE_CHECKING:
    from nbyard.store import Connection

OTHERWISE = "Give this model another name or tag in its file."


class ModelService:
    """Packages of models; each lives as long as its image."""

    noun = "models"

    def __init__(self, parts: Parts):
        self._parts = parts
        self._store = parts.store

    @operation("POST", "/models", scope="models:write", status=201)
    @keeping_bytes
    def build(self, caller: Caller, body: NewModel) -> ModelPackage:
        """Build the image of a model: a folder with a model file of Nervosum's form, or one that
        MLflow saved.

        It is *ready*, at once where the same was built before, or *failed* with the line.
        """
        folder, file = self._located(body)
        model = self._read(folder, file)
        cap = self._parts.settings.max_bundle_bytes
        bundle = bundles.collect_folder(folder, self._parts.blobs, cap)
        made = new_id()
        with self._store.write() as c:
            number = self._store.models.next_number(c, repository_of(model.name))
            image = self._image(c, caller, model, number, file)
            row = {
                "id": made,
                "owner": caller.name,
                "name": model.name,
                "tag": model.tag,
                "mode": model.mode,
                "platform_tag": model.platform_tag,
                "repository": repository_of(model.name),
                "number": number,
                "path": self._parts.files.shown(file),
                "bundle_digest": bundle,
                "model": msgspec.to_builtins(model),
                "image": image,
            }
            self._store.models.insert(c, row)
        self._parts.call_dispatcher()
        return self.get(caller, made)

    def _check_free(self, c: Connection, caller: Caller, reference: str, name: str) -> None:
        """A model takes the place of another one of its name and tag only, and of the same owner:
        the engine has one image of a reference, whoever made it."""
        for known in self._store.images.called(c, reference):
            if known.owner != caller.name:
                raise Conflict(f"{reference} is the image of somebody else.", hint=OTHERWISE)
            if known.state in IMAGE.live:
                raise Conflict(f"{reference} is being made.", hint="nbyard images log tells how.")
            package = self._store.models.of_image(c, known.id)
            if package is None:
                words = f"{reference} is the name of an image that is no model's."
                raise Conflict(words, hint=f"{OTHERWISE} Or: nbyard images rm {reference}")
            if package.name != name:
                words = f"{reference} is the image of the model {package.name!r}."
                raise Conflict(words, hint=f"{OTHERWISE} Or: nbyard models rm {reference}")

    def _image(
        self, c: Connection, caller: Caller, model: ModelFile, number: int, file: Path
    ) -> str:
        """The row of the image that is to be built."""
        reference = model_reference(model.name, model.tag, number)
        self._check_free(c, caller, reference, model.name)
        made = new_id()
        path = self._parts.files.shown(file)
        self._store.images.insert(
            c, caller.name, made, reference=reference, origin="build", path=path
        )
        return made

    def _located(self, body: NewModel) -> tuple[Path, Path]:
        """The folder and its model file, which may lie elsewhere where it is named so."""
        files = self._parts.files
        folder = files.locate(body.path)
        if not folder.is_dir():
            raise NotFound(f"There is no folder {body.path[:200]}.")
        if body.file:
            beside = "" if body.file.startswith("/") else files.shown(folder)
            return folder, files.locate(body.file, "file", str(beside))
        for name in (*MODEL_FILES, MLFLOW_FILE):
            if (folder / name).is_file():
                return folder, folder / name
        known = ", ".join([*MODEL_FILES, MLFLOW_FILE])
        raise Invalid.field("file", f"none of {known} lies in {body.path[:200]}")

    def _read(self, folder: Path, file: Path) -> ModelFile:
        """The model file, and whether all that it names is in the folder."""
        from nbyard.images.models import serving_of

        model = read_model(str(file), self._parts.files.content(file))
        if model.module:
            _check_class(folder, model, file.name)
        serving_of(model.mode, f"{file.name}.deployment.mode")
        lines = self._requirements(folder, model, file.name)
        return msgspec.structs.replace(model, requirements=lines)

    def _requirements(self, folder: Path, model: ModelFile, where: str) -> list[str]:
        from nbyard.images.dockerfile import check_reach

        text = "\n".join(model.requirements)
        if model.requirements_file:
            place = folder / model.requirements_file
            if not place.resolve().is_relative_to(folder) or not place.is_file():
                words = f"there is no file {model.requirements_file} in the folder"
                raise Invalid.field(f"{where}.requirements", words)
            text = self._parts.files.content(place).decode("utf-8", "replace")
        allowed = self._parts.settings.allowed_package_sources
        lines = read_requirements(text, Sources.parse(allowed))
        check_reach(lines, f"{where}.requirements")
        return lines

    @operation("GET", "/models", scope="models:read")
    def list(  # noqa: PLR0913, PLR0917  one for each field that is looked in
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        id: str = "",
        tag: str = "",
        name: str = "",
        mode: str = "",
    ) -> Page[ModelPackage]:
        """List models, newest first: those that have all that is given in their fields."""
        check_limit(limit)
        self._parts.watch()
        wanted = ModelFilter(id=id, tag=tag, name=name, mode=mode)
        with self._store.read() as c:
            found = self._store.models.page(c, caller.name, limit + 1, after, wanted)
        return page_of(found, limit, lambda one: one.id)

    @operation("GET", "/models/{model}", scope="models:read")
    def get(self, caller: Caller, model: str) -> ModelPackage:
        """Show a model, by id, by its image, or the newest of a name or of `name:tag`."""
        self._parts.watch()
        with self._store.read() as c:
            found = self._store.models.get(c, caller.name, model)
        if found is None:
            raise NotFound(f"There is no model {model[:80]!r}.")
        return found

    @operation("GET", "/models/{model}/schema", scope="models:read")
    def schema(self, caller: Caller, model: str) -> ModelSchema:
        """Show the columns that a model takes and those that it answers with."""
        found = self.get(caller, model).model
        return ModelSchema(found.inputs, found.outputs)

    @operation("POST", "/models/{model}/executable", scope="executables:write", status=201)
    @keeping_bytes
    def register(self, caller: Caller, model: str) -> Executable:
        """Make an executable of a model as it was built: it predicts datasets in its own image,
        whatever that image's name means later."""
        found = self.get(caller, model)
        if found.state != "ready":
            raise Conflict(f"{found.reference} is {found.state}; only what is ready is run.")
        if found.mode != BATCH:
            words = (
                f"{found.reference} is of mode {found.mode}; one of mode batch predicts datasets."
            )
            serve = f"nbyard models deploy -n {shlex.quote(found.name)} serves it"
            hint = f"{serve}; its file predicts, too: nbyard run {shlex.quote(found.path)}"
            raise Conflict(words, hint=hint)
        freezer, rows = Freezer(self._parts), self._store.executables
        told = self._parts.blobs.put_bytes(msgspec.json.encode(found.model))
        name = f"{found.name} {found.tag or found.number}"
        fields = {
            "kind": "model",
            "language": "python",
            "kernel": "",
            "file": "model.json",
            "content_digest": told.digest,
            "code_digest": told.digest,
            "bundle_digest": found.bundle_digest,
            "arguments": ARGUMENTS,
            "command": command_of(found.model),
            "invocation": Invocation(),
            "resources": Resources(image=found.image_id),
        }
        with self._store.write() as c:
            names = rows.names(c, caller.name)
            known = next((key for key, taken in names.items() if taken == name), "")
            known = known or freezer.register(c, caller.name, name, "", "")
            freezer.keep(c, known, fields)
            made = rows.get(c, caller.name, known)
        assert made is not None
        return made

    @operation("DELETE", "/models/{model}", scope="models:write", status=204)
    def delete(self, caller: Caller, model: str) -> None:
        """Remove a model with its image, or end its making; containers that run go on."""
        found = self.get(caller, model)
        with self._store.write() as c:
            image = self._store.images.get(c, caller.name, found.image)
            if image is not None:
                self._store.images.remove(c, image)
        self._parts.call_dispatcher()


def _check_class(folder: Path, model: ModelFile, where: str) -> None:
    """Whether the module is below `src` and mentions the class; nothing of it is run."""
    src = (folder / model.src).resolve()
    if not src.is_relative_to(folder) or not src.is_dir():
        raise Invalid.field(f"{where}.src", f"there is no folder {model.src} beside the file")
    path = src.joinpath(*model.module.split("."))
    places = [path.with_name(f"{path.name}.py"), path / "__init__.py"]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        words = f"there is no module {model.module} in {model.src}"
        raise Invalid.field(f"{where}.interface.model_module", words)
    try:
        tree = ast.parse(file.read_bytes(), file.name)
    except (SyntaxError, ValueError) as error:
        raise Invalid.field(f"{where}.interface.model_module", f"{file.name}: {error}") from None
    if model.class_name not in _names(tree):
        words = f"{file.name} has no class {model.class_name} at its top level"
        raise Invalid.field(f"{where}.interface.model_class", words)


def _names(tree: ast.Module) -> set[str]:
    """What a module has at its top level, as far as that can be seen: classes and imports; a
    star brings anything."""
    found: set[str] = set()
    for one in ast.walk(tree):
        if isinstance(one, ast.ClassDef):
            found.add(one.name)
        elif isinstance(one, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in one.names}
        elif isinstance(one, ast.Assign):
            found |= {target.id for target in one.targets if isinstance(target, ast.Name)}
    return found
