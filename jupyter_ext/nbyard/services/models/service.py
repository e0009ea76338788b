"""Service operations on models. The dispatcher builds their images.

Finds what users can make a model of: outputs of runs, and classes with `predict` in files.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.deployments.creation_form import MAX_TITLE, free_host, free_title
from nbyard.domain.deployments.structs import Deployed, DeployedAs, Deployment
from nbyard.domain.executables.structs import Executable, Resources
from nbyard.domain.ids import new_id
from nbyard.domain.models.model_classes import PREDICT, class_names
from nbyard.domain.models.structs import (
    BATCH,
    FORM_SECONDS,
    ModelClass,
    ModelFile,
    ModelFilter,
    ModelOutput,
    ModelPackage,
    ModelSchema,
    ModelSources,
    NewModel,
    PublishedModel,
    RunOutput,
    ServedModel,
    model_reference,
    repository_of,
)
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.paging import Page, page_of
from nbyard.domain.state_machines import DEPLOYMENT, IMAGE
from nbyard.errors import Conflict, Invalid, NbyardError
from nbyard.freezing.executable_versions import Freezer
from nbyard.kinds.model import CSV, arguments_of, command_of
from nbyard.services.images import check_image_unused
from nbyard.services.models.packages import (
    Package,
    file_of_model,
    is_class_file,
    package_of_class,
    package_of_folder,
)
from nbyard.services.models.packages_from_runs import (
    find_output,
    is_of_same_step,
    package_of_output,
)
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project
from nbyard.services.service_context import Service, ServiceContext, pin_blobs

if TYPE_CHECKING:
    from nbyard.host.project_files import ProjectFiles
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection

MARK = f"def {PREDICT}".encode()
# A longer file holds data rather than a class.
MAX_SOURCE = 1 << 20


def _outputs_of_runs(context: ServiceContext, owner: str, limit: int) -> list[ModelOutput]:
    """Return the newest result of each output, newest first, and equal bytes of one title once."""
    with context.store.read() as c:
        run_ids = context.store.results.newest_runs(c, owner)
        made = context.store.artifacts.models_of_runs(c, owner, run_ids)
    outputs: list[ModelOutput] = []
    sources, known = set(), set()
    for source, alike, output in made:
        if source not in sources and alike not in known:
            outputs.append(output)
            known.add(alike)
        sources.add(source)
    return outputs[:limit]


def _classes_of_files(files: ProjectFiles, limit: int) -> list[ModelClass]:
    classes: list[ModelClass] = []
    for file in files.with_suffix(".py"):
        try:
            if file.stat().st_size > MAX_SOURCE:
                continue
            content = file.read_bytes()
            # Parsing every Python file below the root would take long; this test excludes most.
            names = class_names(content, file.name) if MARK in content else []
        except (OSError, NbyardError):
            continue
        classes += [ModelClass(files.shown(file), name) for name in names]
        if len(classes) >= limit:
            break
    return classes[:limit]


MAX_DEPLOYED = 500
OTHERWISE = "Give this model another name or tag in its file."


def _published(package: ModelPackage) -> PublishedModel:
    of, file = package, package.model
    columns = file.inputs, file.outputs, file.metadata
    return PublishedModel(of.name, of.tag, of.owner, of.mode, *columns, of.created_at)


class ModelService(Service):
    """Packaged models; each is deleted with its image."""

    noun = "models"

    @operation("POST", "/models", scope="models:write", status=201)
    @pin_blobs
    def build(self, caller: Caller, body: NewModel, separate: bool = False) -> ModelPackage:
        """Build the image of a model.

        The model is a folder with a model file (Nervosum's format or MLflow), a Python file with a
        class that has `predict`, or a run's output. The image becomes *ready*, or *failed* with the
        line that failed. If the same image was built before, it is ready at once.

        With `separate`, a tag that was already built is refused (409). Forms use it. The model is
        deleted ten minutes after the last *renew*, unless something uses it.
        """
        package = _package(self._context, caller, body)
        model, made = package.model, new_id()
        with self._context.writing_work(is_new=True) as c:
            if separate:
                self._check_new(c, caller, model)
            number = self._store.models.next_number(c, repository_of(model.name))
            image = self._insert_image(c, caller, model, number, package.path)
            row = {
                "id": made,
                "owner": caller.name,
                "name": model.name,
                "tag": model.tag,
                "mode": model.mode,
                "platform_tag": model.platform_tag,
                "repository": repository_of(model.name),
                "number": number,
                "path": package.path,
                "bundle_digest": package.bundle_digest,
                "model": msgspec.to_builtins(model),
                "source": msgspec.to_builtins(package.source),
                "image": image,
                # Users may close a form without deploying. nbyard then deletes the model.
                "kept_until": _lease() if separate else None,
            }
            self._store.models.insert(c, row)
        return self.get(caller, made)

    @operation("POST", "/models/{model}/renew", scope="models:write")
    def renew(self, caller: Caller, model: str) -> ModelPackage:
        """Keep the model of an open form for ten minutes from now.

        nbyard deletes such a model if the form neither deploys nor renews it.
        """
        package = self.get(caller, model)
        with self._store.write() as c:
            if self._store.models.is_leased(c, package.id):
                self._store.models.set_lease_end(c, package.id, _lease())
        return package

    def _check_new(self, c: Connection, caller: Caller, model: ModelFile) -> None:
        """Check that the model's tag was never built.

        A model without a tag gets a number as tag.
        """
        reference, rules = model_reference(model.name, model.tag, 0), self._store.isolation
        if model.tag and self._store.images.with_name(c, rules, caller.name, reference):
            hint = "Deploying the model rebuilds the image and replaces the earlier one."
            raise Conflict(f"The image {reference} already exists.", hint=hint)

    def _check_free(self, c: Connection, caller: Caller, reference: str, name: str) -> None:
        """Check that an image reference is free, or is one of the same model and owner.

        The engine has one image per reference, for all owners.
        """
        rules = self._store.isolation
        for known in self._store.images.with_name(c, rules, caller.name, reference):
            if known.owner != caller.name:
                why = f"The image {reference} belongs to another user."
                raise Conflict(why, hint=OTHERWISE)
            if known.state in IMAGE.live:
                why = f"{reference} is already being built, pulled or pushed."
                raise Conflict(why, hint=f"nbyard images log {reference} shows its progress.")
            package = self._store.models.of_image(c, known.id)
            if package is None:
                why = (
                    f"{reference} is already the name of an image that does not belong to a model."
                )
                raise Conflict(
                    why,
                    hint=f"{OTHERWISE} Or: nbyard images rm {reference}",
                )
            if package.name != name:
                why = f"{reference} is the image of the model '{package.name}'."
                raise Conflict(
                    why,
                    hint=f"{OTHERWISE} Or: nbyard models rm {reference}",
                )

    def _insert_image(
        self, c: Connection, caller: Caller, model: ModelFile, number: int, path: str
    ) -> str:
        reference = model_reference(model.name, model.tag, number)
        self._check_free(c, caller, reference, model.name)
        made = new_id()
        self._store.images.insert(
            c, caller.name, made, reference=reference, origin="build", path=path
        )
        return made

    @operation("GET", "/models", scope="models:read", files="lists")
    def list(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        id: str = "",
        tag: str = "",
        name: str = "",
        mode: str = "",
        project: str = "",
    ) -> Page[ModelPackage]:
        """List models, newest first, filtered by their fields.

        A filter matches a part of its field. All given filters must match.
        """
        self._context.watch()
        wanted = ModelFilter(id=id, tag=tag, name=name, mode=mode)
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            packages = self._store.models.page(c, caller.name, limit + 1, after, wanted, of)
        return page_of(packages, limit)

    @operation("GET", "/model-catalog", scope="models:read")
    def catalog(
        self, caller: Caller, limit: int = 50, after: str = "", name: str = ""
    ) -> Page[PublishedModel]:
        """List the ready models that are shared with everyone, newest first.

        A filter matches a part of the name.
        """
        with self._store.read() as c:
            # No user has this name, so these are the models that everyone may see.
            wanted = ModelFilter(name=name)
            packages = self._store.models.page(c, "", limit + 1, after, wanted)
        page = page_of(packages, limit)
        shown = (package for package in page.items if package.state == "ready")
        return Page([_published(package) for package in shown], page.next)

    @operation("GET", "/model-sources", scope="models:read", files="lists")
    def sources(self, caller: Caller, limit: int = 20) -> ModelSources:
        """List the newest outputs of runs and the classes of files that may be models.

        Of the runs of one workflow, only the newest result of each output is listed. Workflows
        with one title and equal results are listed once.
        """
        outputs = _outputs_of_runs(self._context, caller.name, limit + 1)
        classes = _classes_of_files(self._context.files, limit + 1)
        cut = max(len(outputs), len(classes)) > limit
        return ModelSources(outputs[:limit], classes[:limit], cut)

    @operation("GET", "/models/{model}", scope="models:read")
    def get(self, caller: Caller, model: str) -> ModelPackage:
        """Show a model, by ID, image, name or `name:tag`.

        A name means its newest build. If no model has exactly this name, letter case is ignored,
        then a name as in image names is accepted: `my-iris-model` means *My Iris Model*.

        Raises:
            NotFound: the caller has no such model, or several have a near name.
        """
        self._context.watch()
        rows = self._store.models
        with self._store.read() as c:
            package = rows.find(c, caller.name, model)
            names = rows.names(c, caller.name) if package is None else ()
        if package is None:
            raise no_such("model", model, names)
        return package

    @operation("GET", "/models/{model}/schema", scope="models:read")
    def schema(self, caller: Caller, model: str) -> ModelSchema:
        """Show the input and output columns of a model.

        The result also has a sample row.
        """
        definition = self.get(caller, model).model
        return ModelSchema(definition.inputs, definition.outputs, definition.sample)

    @operation("POST", "/models/{model}/executable", scope="executables:write", status=201)
    @pin_blobs
    def register(self, caller: Caller, model: str, output: str = CSV) -> Executable:
        """Create an executable that predicts datasets with a model.

        The executable keeps the model's image, even if its name is given to another image. `output`
        is csv, parquet, or folder: one file for each file of the dataset.

        Raises:
            Conflict: the image of the output cannot be used.
        """
        arguments = arguments_of(output)
        package = self.get(caller, model)
        if package.state != "ready":
            why = f"{package.reference} is {package.state}. Only a ready image can be run."
            raise Conflict(why)
        if package.mode != BATCH:
            why = (
                f"{package.reference} has the mode {package.mode}; use an image with the mode"
                " batch to predict datasets."
            )
            hint = (
                f"nbyard models deploy -n {shlex.quote(package.name)} serves it. To predict with"
                f" its file: nbyard run {shlex.quote(package.path)}"
            )
            raise Conflict(why, hint=hint)
        freezer, rows = Freezer(self._context), self._store.executables
        blob = self._context.blobs.put_bytes(msgspec.json.encode(package.model))
        # The version runs the model as built.
        fields = {
            "kind": "model",
            "language": "python",
            "kernel": "",
            "file": "model.json",
            "content_digest": blob.digest,
            "code_digest": blob.digest,
            "bundle_digest": package.bundle_digest,
            "arguments": arguments,
            "command": command_of(package.model),
            "invocation": Invocation(),
            "resources": Resources(image=package.image_id),
        }
        name = f"{package.name} {package.tag or package.number}"
        if output != CSV:
            name = f"{name} to {output}"
        with self._store.write() as c:
            names = rows.names(c, caller.name)
            known = next((key for key, taken in names.items() if taken == name), "")
            # Registering the same build again adds a version to its executable.
            known = known or freezer.register(c, caller.name, name, "", "")
            freezer.keep(c, known, fields)
            made = rows.get(c, caller.name, known)
        assert made is not None
        return made

    @operation("POST", "/models/deployed", scope="deployments:read")
    def deployed(self, caller: Caller, body: NewModel) -> Deployed:
        """List the deployments of a model before it is built.

        They serve the same output of the same node, from any run, or the same file. Running
        deployments come first, then the newest. The title of a class is its name.
        """
        if body.run or body.output:
            output = find_output(self._context, caller, body.run, body.output)
            return self._of_output(caller, output.source, output.name)
        path, classes = file_of_model(self._context, body)
        name = body.class_name or next(iter(classes), "")
        deployed = self._deployed(caller, self._of_file(caller, path, name), name)
        return msgspec.structs.replace(deployed, class_names=classes)

    @operation("GET", "/models/{model}/deployments", scope="deployments:read")
    def deployments(self, caller: Caller, model: str) -> Deployed:
        """List the deployments of a model.

        They serve this build, or another one of the same node or file. Running deployments come
        first, then the newest.
        """
        package = self.get(caller, model)
        if package.source is not None:
            return self._of_output(caller, package.source, package.name)
        class_name = package.model.class_name if is_class_file(NewModel(package.path)) else ""
        is_same = self._of_file(caller, package.path, class_name)
        return self._deployed(caller, is_same, package.name)

    def _deployed(
        self,
        caller: Caller,
        is_same: Callable[[ServedModel], bool],
        title: str = "",
        digest: str = "",
    ) -> Deployed:
        rows = self._store.deployments
        with self._store.read() as c:
            known = rows.page(c, caller.name, MAX_DEPLOYED, "", "", "")
            taken = set(rows.names(c, caller.name).values())
            title = title and free_title(rows.titles(c, caller.name), title[:MAX_TITLE])
        same = [
            deployment for deployment in known if deployment.model and is_same(deployment.model)
        ]
        # Sorting is stable, so both groups stay ordered from new to old.
        same.sort(key=lambda deployment: not _runs(deployment))
        into = next((deployment.id for deployment in same if deployment.is_wanted), "")
        name = free_host(taken, same[0].name) if same else ""
        items = []
        for deployment in same:
            runs, edit = _runs(deployment), (deployment.revision, deployment.changed_at)
            named = (deployment.id, deployment.name, deployment.title, deployment.state)
            source = deployment.model.source if deployment.model else None
            other_run = source.run_number if source and source.digest != digest else None
            items.append(DeployedAs(*named, runs, *edit, other_run))
        return Deployed(items, into, name, title)

    def _of_output(self, caller: Caller, source: RunOutput, title: str) -> Deployed:
        is_same = is_of_same_step(self._context, caller, source)

        def is_of_step(other: ServedModel) -> bool:
            return other.source is not None and is_same(other.source)

        return self._deployed(caller, is_of_step, title, source.digest)

    def _of_file(self, caller: Caller, path: str, class_name: str) -> Callable[[ServedModel], bool]:
        place = self._context.files.real_path_of(path)

        def is_its(other: ServedModel) -> bool:
            if other.source is not None or self._context.files.real_path_of(other.path) != place:
                return False
            with self._store.read() as c:
                package = self._store.models.get(c, caller.name, other.id)
            return not class_name or (package and package.model.class_name) == class_name

        return is_its

    @operation("DELETE", "/models/{model}", scope="models:write", status=204)
    def delete(
        self, caller: Caller, model: str, unless_used: bool = False, force: bool = False
    ) -> None:
        """Delete a model with its image, or cancel its build.

        Fails while something needs the image, as the deletion of an image does, unless `force` is
        set. `unless_used` instead keeps a model that a deployment, an executable or a task names.

        Raises:
            InUse: something needs the image.
        """
        package = self.get(caller, model)
        with self._store.read() as c:
            image = self._store.images.get(c, caller.name, package.image)
        if image is not None and not (force or unless_used):
            check_image_unused(self._context, image)
        with self._context.writing_work() as c:
            if image is not None and not (unless_used and self._store.images.is_used(c, image)):
                self._store.images.remove(c, image)


def _lease() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=FORM_SECONDS)


def _runs(deployment: Deployment) -> bool:
    return deployment.is_wanted and deployment.state not in DEPLOYMENT.rests


def _package(context: ServiceContext, caller: Caller, body: NewModel) -> Package:
    """Return the package of a run's output, a class, or a folder with a model file."""
    if body.run or body.output:
        if body.path or body.file or body.class_name:
            raise Invalid.field("path", "set either a path or the output of a run, not both")
        return package_of_output(context, caller, body.run, body.output)
    if not body.path:
        raise Invalid.field("path", "a folder, a Python file, or a run with an output is needed")
    is_class = is_class_file(body)
    if body.class_name and not is_class:
        raise Invalid.field("class_name", f"{body.path[:200]} is not a Python file")
    return package_of_class(context, body) if is_class else package_of_folder(context, body)
