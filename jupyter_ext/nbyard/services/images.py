"""Service operations on images. The dispatcher builds, pulls and pushes them."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.images.dockerfile_parser import accepts_base
from nbyard.domain.images.structs import (
    BUILD_LOG,
    MARKER,
    DockerfileText,
    ImageName,
    ImageSpec,
    NamedImage,
    NewImage,
    PulledImage,
    Recipe,
    check_recipe,
    check_reference,
    default_reference,
    image_folder,
    push_target,
)
from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.paging import Page, check_count, page_of
from nbyard.domain.runs.attempt_views import LogChunk
from nbyard.domain.state_machines import IMAGE
from nbyard.errors import Conflict, Invalid, NotFound, PolicyRefused
from nbyard.freezing.environment_resolution import no_environment
from nbyard.logs import log_files
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.service_context import Service, ServiceContext, pin_blobs
from nbyard.services.workflows.dependents import check_unused, paths_where
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from nbyard.domain.environments.structs import Environment, EnvironmentVersion
    from nbyard.store import Connection

REGISTRY = {"pull", "push"}
OTHER_IMAGE = {
    "build": "built here",
    "pull": "pulled here",
    "push": "pushed from here",
}
INSTEAD = {
    "build": "Choose another name (--tag), or remove",
    "pull": "Remove",
    "push": "Push it under another name, or remove",
}


class _Draft(msgspec.Struct, frozen=True):
    environment: Environment
    version: EnvironmentVersion
    recipe: Recipe
    reference: str


class ImageService(Service):
    """Named images on the container engine, which the dispatcher builds, pulls and pushes."""

    noun = "images"

    @operation("POST", "/images", scope="images:write", status=201)
    @pin_blobs
    def build(self, caller: Caller, body: NewImage) -> NamedImage:
        """Build the image of an environment or of a Dockerfile.

        The image becomes *ready*, or *failed* with the line that failed. If the same image was
        built before, it is ready at once.

        Raises:
            Invalid: the request names both an environment and a path, or neither.
        """
        if bool(body.environment) == bool(body.path):
            raise Invalid.field("environment", "set either an environment or a path")
        columns = (
            self._columns_of_path(body) if body.path else self._columns_of_environment(caller, body)
        )
        return self._add(caller, **columns)

    def _columns_of_environment(self, caller: Caller, body: NewImage) -> dict[str, Any]:
        draft = self._draft(caller, body)
        columns = {
            "reference": draft.reference,
            "origin": "build",
            "environment": draft.environment.id,
            "version": draft.version.number,
            "recipe": msgspec.to_builtins(draft.recipe),
        }
        if draft.recipe.project:
            columns |= self._columns_of_project(draft.recipe.project)
        return columns

    def _columns_of_project(self, path: str) -> dict[str, Any]:
        real = self._context.files.locate(path, "recipe.project")
        if not real.is_dir():
            raise Invalid.field("recipe.project", f"there is no folder '{path[:200]}'")
        cap = self._context.settings.max_bundle_bytes
        return {
            "context_digest": bundles.collect_folder(real, self._context.blobs, cap),
            "reason": bundles.links_warning(real / "Dockerfile", real),
        }

    def _columns_of_path(self, body: NewImage) -> dict[str, Any]:
        self._store.isolation.check_dockerfile(body.path)
        recipe = body.recipe or Recipe()
        if recipe != Recipe(base=recipe.base) or body.version:
            raise Invalid.field(
                "recipe",
                "applies to environments only; a Dockerfile contains everything except its base",
            )
        real = self._context.files.locate(body.path)
        if not real.is_file():
            raise NotFound(f"There is no Dockerfile {body.path[:200]}.")
        if recipe.base:
            check_recipe(recipe)
            if not accepts_base(real.read_text("utf-8", "replace")):
                raise Invalid.field(
                    "recipe.base",
                    "the Dockerfile accepts no base: add ARG BASE before its first FROM",
                )
        cap = self._context.settings.max_bundle_bytes
        picked = bundles.pick_files(real, self._context.files.root, cap)
        bundle = bundles.store_bundle(picked, self._context.blobs, cap)
        links = bundles.links_warning(real, self._context.files.root)
        # `tools/Dockerfile` gives the name `tools`, and `train.Dockerfile` the name `train`.
        named = real.parent.name if real.name == "Dockerfile" else real.stem
        repository = default_reference(named or "dockerfile", 0).rpartition(":")[0]
        return {
            "reference": check_reference(body.tag, "tag") if body.tag else f"{repository}:latest",
            "origin": "build",
            "recipe": msgspec.to_builtins(recipe),
            "path": self._context.files.shown(real),
            "context_digest": bundle.digest,
            "file": bundle.file,
            "reason": links,
        }

    @operation("POST", "/images/dockerfile", scope="images:read")
    def dockerfile(self, caller: Caller, body: NewImage) -> DockerfileText:
        """Show the Dockerfile of an environment's image.

        Nothing is built.

        Raises:
            Invalid: the request names no environment.
        """
        from nbyard.images.dockerfile_writer import build_files

        if not body.environment:
            raise Invalid.field("environment", "is needed")
        draft = self._draft(caller, body)
        spec = ImageSpec(
            draft.recipe,
            draft.version.lock_lines,
            self._context.settings.docker_base_image,
            bool(draft.recipe.project),
        )
        text = build_files(spec)["Dockerfile"]
        return DockerfileText(text, draft.recipe, MARKER, draft.reference)

    def _draft(self, caller: Caller, body: NewImage) -> _Draft:
        """Return the image to build.

        Options that the request omits keep the values of the last build.
        """
        if body.recipe is not None:
            check_recipe(body.recipe)
        with self._store.read() as c:
            environment = self._environment(c, caller, body.environment)
            versions = self._store.environments.versions(c, environment.id)
            last = self._store.images.of_environment(c, environment.id)
        recipe = body.recipe or (last.recipe if last else Recipe())
        number = check_count(body.version, "version") or environment.installed
        ready = [
            version for version in versions if version.state == "ready" and version.number == number
        ]
        if not ready:
            if not number:
                raise Conflict(
                    f"The environment '{environment.name}' is not installed, so no image can be"
                    " built from it."
                )
            raise Conflict(
                f"Version {number} of '{environment.name}' is not installed, so no image can be"
                " built from it."
            )
        if recipe.own:
            self._store.isolation.check_dockerfile("recipe.own")
        default = default_reference(environment.name, number, recipe.cuda)
        reference = check_reference(body.tag or default, "tag")
        # Only a registry or the engine can determine a digest.
        if "@" in reference:
            raise Invalid.field("tag", "an image is built under a tag, not under a digest")
        return _Draft(environment, ready[0], recipe, reference)

    def _environment(self, c: Connection, caller: Caller, key: str) -> Environment:
        environment = self._store.environments.get(c, caller.name, key)
        if environment is None:
            there = nearest_names(self._store.environments.names(c, caller.name).values(), key)
            raise no_environment(f"there is no environment '{key[:80]}'; {there}")
        return environment

    @operation("POST", "/images/pull", scope="images:write", status=201)
    def pull(self, caller: Caller, body: PulledImage) -> NamedImage:
        """Fetch an image from a registry.

        It is listed with the named environment, or with the one that it was pushed from.
        """
        reference = check_reference(body.reference)
        with self._store.read() as c:
            self._store.images.usable(c, self._store.isolation, caller.name, reference)
            known = self._store.images.get(c, caller.name, reference)
            of = self._environment(c, caller, body.environment).id if body.environment else ""
        if not of and known is not None and known.origin in REGISTRY:
            of = known.environment
        return self._add(caller, reference=reference, origin="pull", environment=of)

    @operation("POST", "/images/{image}/push", scope="images:write", status=201)
    def push(self, caller: Caller, image: str, body: ImageName) -> NamedImage:
        """Push an image to a registry under the given name.

        Raises:
            Conflict: the image is not ready.
            PolicyRefused: all users of the store share the image of that name.
        """
        record = self.get(caller, image)
        if record.state != "ready":
            why = f"{record.reference} is {record.state}. Only a ready image can be pushed."
            raise Conflict(why)
        target = push_target(record.reference, body.reference)
        rules = self._store.isolation
        if rules.is_shared and rules.is_listed(target):  # the push gives others this image
            raise PolicyRefused(because("push-off", image=target))
        of = {"environment": record.environment, "version": record.version, "path": record.path}
        return self._add(caller, reference=target, origin="push", source=record.image_id, **of)

    def _add(self, caller: Caller, **columns: Any) -> NamedImage:
        made, reference, origin = new_id(), columns["reference"], columns["origin"]
        own = (columns.get("environment", ""), columns.get("path", ""))
        with self._context.writing_work(is_new=True) as c:
            known = self._store.images.get(c, caller.name, reference)
            # The engine has one image per name, so two builds of a name would overwrite each other.
            if known is not None and known.state in IMAGE.live:
                why = f"{known.reference} is already being built, pulled or pushed."
                raise Conflict(why, hint=f"nbyard images log {known.reference} shows its progress.")
            # A name must not move to a different image unnoticed. What was pulled or pushed may be
            # pulled or pushed again.
            is_refresh = known is not None and {origin, known.origin} <= REGISTRY
            if known is not None and known.state != "failed" and not is_refresh:
                if origin == "push" and known.origin == "build":
                    is_same = columns["source"] == known.image_id
                else:
                    is_same = origin != "pull" and known.origin != "pull"
                    is_same &= own == (known.environment, known.path)
                if not is_same:
                    raise Conflict(
                        f"{known.reference} is the name of another image that was"
                        f" {OTHER_IMAGE[known.origin]}.",
                        hint=(
                            f"{INSTEAD[origin]} that image first:"
                            f" nbyard images rm {known.reference}"
                        ),
                    )
            self._store.images.insert(c, caller.name, made, **columns)
        return self.get(caller, made)

    @operation("GET", "/images", scope="images:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        environment: str = "",
    ) -> Page[NamedImage]:
        """List images, newest first.

        `environment` limits the list to the images of one environment, given by its ID.
        """
        self._context.watch()
        asked = (limit + 1, after, search, environment)
        with self._store.read() as c:
            images = self._store.images.page(c, caller.name, *asked)
        return page_of(images, limit)

    @operation("GET", "/images/{image}", scope="images:read")
    def get(self, caller: Caller, image: str) -> NamedImage:
        """Show an image, by ID or name.

        A name means the newest image of that name that was built; a failed build changes nothing.
        """
        self._context.watch()
        get = self._store.images.get
        with self._store.read() as c:
            # Docker completes a name without a tag by `latest`, and users type names as in Docker.
            made = get(c, caller.name, image) or get(c, caller.name, f"{image}:latest")
        return _existing(made, image)

    @operation("GET", "/images/{image}/log", scope="images:read")
    def log(self, caller: Caller, image: str, after: int = 0) -> LogChunk:
        """Read the log of a build, pull or push from byte `after` on.

        For a name, it is the log of the last attempt.
        """
        self._context.watch()
        newest = self._store.images.newest
        with self._store.read() as c:
            record = newest(c, caller.name, image) or newest(c, caller.name, f"{image}:latest")
        record = _existing(record, image)
        path = self._store.folder / image_folder(record.id) / BUILD_LOG
        return log_files.read_piece(path, after, done=record.state in IMAGE.terminal)

    @operation("DELETE", "/images/{image}", scope="images:write", status=204)
    def delete(self, caller: Caller, image: str, force: bool = False) -> None:
        """Delete an image, or cancel its build.

        Fails while something needs the image, unless `force` is set: a deployment, an executable, a
        workflow, an automation or a live run. Containers that run from it continue.

        Raises:
            InUse: something needs the image.
        """
        record = self.get(caller, image)
        if not force:
            check_image_unused(self._context, record)
        with self._store.write() as c:
            self._store.images.remove(c, record)
        with contextlib.suppress(FileNotFoundError):
            # The log is useless without the row; the dispatcher removes the image from the engine.
            shutil.rmtree(self._store.folder / image_folder(record.id))
        self._context.ensure_dispatcher()


def check_image_unused(context: ServiceContext, image: NamedImage) -> None:
    """Check that nothing needs an image. A failed build left none.

    Raises:
        InUse: something needs it.
    """
    if image.state == "failed":
        return
    with context.store.read() as c:
        users = context.store.images.users(c, image)
    paths = paths_where(context, image.owner, lambda node: node.image == image.reference)
    check_unused(context, image.reference, paths, users)


def _existing(named_image: NamedImage | None, key: str) -> NamedImage:
    if named_image is None:
        raise NotFound(f"nbyard has no image '{key[:80]}'.")
    return named_image
