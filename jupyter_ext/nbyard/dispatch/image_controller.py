"""The controller of images: build, pull and push on the engine of the settings."""

import logging
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from nbyard.blobs import Blobs
from nbyard.dispatch.attempts.secret_delivery import for_registries
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.dockerd import STORE, Engine, NoLongerWanted, Say
from nbyard.domain.environments.structs import locked_trees
from nbyard.domain.images.dockerfile_parser import base_images
from nbyard.domain.images.structs import BUILD_LOG, ImageSpec, base_of, image_folder
from nbyard.domain.models.structs import ModelPackage, model_labels
from nbyard.domain.state_machines import IMAGE
from nbyard.errors import NbyardError, NotFound, reason_of, words_of
from nbyard.host.entry_points import isolation_of
from nbyard.images.builds import (
    IMAGE_LABEL,
    BuildFailed,
    ImageRequest,
    code_build_request,
    code_image,
    ensure_image,
    environment_image,
    owner_labels,
    staged_packages,
    store_labels,
    sweep_untagged,
)
from nbyard.images.dockerfile_writer import PACKAGES, build_files
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because, joined
from nbyard.runtimes.protocol import NeedsImages, Runtime
from nbyard.settings import Settings
from nbyard.store.images import ImageRow
from nbyard.transfer.bundles import secrets_left_out

log = logging.getLogger("nbyard.dispatch")
CONTEXT = "context"
# tolerance between the clocks of the engine and this machine
CLOCKS_SECONDS = 5.0
# Stages of a build are kept this long for the next build, even if images are deleted.
STAGE_SECONDS = 3600.0
LEASES_SECONDS = 5.0
# An engine does not respond while it deletes the files of a large image.
ENGINE_SECONDS = 120.0


def offer_images(runtimes: Iterable[Runtime], settings: Settings, blobs: Blobs) -> None:
    """Pass functions that build images to runtimes that need them.

    Call it once, before the first order.
    """
    network, sources = settings.docker_build_network, settings.allowed_package_sources
    how: Any = {"network": network, **isolation_of(settings).build_limits}
    image_for = partial(environment_image, blobs=blobs, sources=sources, **how)
    for runtime in runtimes:
        if isinstance(runtime, NeedsImages):
            runtime.build_images_with(image_for, partial(code_image, **how))


class ImageController:
    """Handles each image in its own thread and folder, which holds its log and build files."""

    def __init__(self, context: DispatchContext, builders: Threads):
        self._context = context
        self._rows = context.store.images
        self._builders = builders
        self._is_swept = False
        self._swept_until = 0.0
        self._is_leased = False

    def tick(self) -> bool:
        """Start requested images and deletions.

        Return whether any image is in progress, or a model that was built for a form has a lease.
        """
        if not self._is_swept:
            self._is_swept = True
            with self._context.store.read() as c:
                known = self._rows.ids(c)
            for folder in self._context.folder.glob(image_folder("*")):
                if folder.name not in known:  # its image was deleted
                    shutil.rmtree(folder, ignore_errors=True)
        with self._context.store.read() as c:
            wanted = self._rows.under_way(c)
            gone = self._rows.to_remove(c)
        is_leased = self._sweep_leases()
        for row in wanted:
            work = partial(self._make, row)
            self._builders.submit(row.image.id, work, partial(self._fail, row))
        for row in gone:
            self._builders.submit(row.image.id, partial(self._remove, row), _warn)
        return bool(wanted) or is_leased

    def _make(self, row: ImageRow) -> None:
        image = row.image
        with self._context.write() as c:
            if image.state == "building":  # a dispatcher that was killed began it
                self._rows.move(c, image, "queued")
            if not (self._rows.is_wanted(c, image.id) and self._rows.move(c, image, "building")):
                return
        folder, begun = self._folder(row), time.time() - CLOCKS_SECONDS
        folder.mkdir(parents=True, exist_ok=True)
        engine = self._engine()
        try:
            self._tidy(engine, row)
            with (
                (folder / BUILD_LOG).open("wb", buffering=0) as said,
                for_registries(self._context, image.owner),
            ):
                columns = self._build_pull_or_push(engine, row, partial(_write, said))
        except NoLongerWanted:  # its remains are deleted with it, or before the next build
            return
        except BuildFailed as error:
            sweep_untagged(engine, since=begun)
            at = msgspec.to_builtins(error.failed_line)
            self._fail(row, error.reason, failed_line=at)
            return
        except (NbyardError, OSError) as error:
            self._fail(row, reason_of(error))
            return
        finally:
            for name in (CONTEXT, PACKAGES):
                shutil.rmtree(folder / name, ignore_errors=True)
            engine.close()
        crash_point("image-made")
        with self._context.write() as c:
            replaced = self._rows.ids_of_earlier_builds(c, image) if image.origin == "build" else []
            self._rows.move(c, image, "ready", **columns)
        # Rebuilding leaves the former image without a name.
        if replaced:
            self._delete_unused(replaced)

    def _delete_unused(self, image_ids: list[str]) -> None:
        """Delete unnamed images built here, unless a container, image or record uses them."""
        with self._context.store.read() as c:
            image_ids = [
                image_id for image_id in image_ids if not self._rows.is_needed(c, image_id)
            ]
        engine = self._engine()
        try:
            for image_id in image_ids:
                engine_image = engine.image(image_id)
                if (
                    engine_image
                    and not engine_image.names
                    and engine_image.labels.get(STORE) == self._context.store.id
                ):
                    engine.remove_image(image_id)
        except NbyardError as error:
            _warn(words_of(error))
        finally:
            engine.close()

    def _build_pull_or_push(self, engine: Engine, row: ImageRow, say: Say) -> dict[str, Any]:
        image, wanted = row.image, partial(self._is_wanted, row)
        if image.origin == "build":
            if left_out := self._left_out(row):
                say(str(left_out))
            try:
                wish = self._isolated(row, self._build_request(row))
                made = ensure_image(engine, wish, say, wanted, self._built)
            except BuildFailed as error:
                # The Dockerfile may copy one of these files.
                reason = joined((error.reason, left_out)) or error.reason
                raise BuildFailed(reason, error.failed_line) from error
            say(f"{made.reference} is {made.image_id}")
            return {
                "reason": left_out,
                "image_id": made.image_id,
                "size_bytes": made.size_bytes,
                "digest": made.digest,
                "cached": made.was_here,
            }
        digest = ""
        if image.origin == "pull":
            engine.pull(image.reference, say, wanted)
        else:
            was_named = engine.image_id(image.reference)
            engine.tag(image.source, image.reference)
            try:
                digest = engine.push(image.reference, say, wanted)
            finally:  # a failed push leaves the name with its old meaning
                if not digest and was_named:
                    engine.tag(was_named, image.reference)
                elif not digest:
                    engine.remove_image(image.reference)
        engine_image = engine.image(image.reference)
        if engine_image is None:
            raise NotFound(because("image-removed-meanwhile", image=image.reference))
        known = next((name.rpartition("@")[2] for name in engine_image.digests), "")
        return {
            "image_id": engine_image.id,
            "size_bytes": engine_image.size_bytes,
            "digest": digest or known,
        }

    def _left_out(self, row: ImageRow) -> Reason | None:
        """Return which files of the build context are left out: links, and possible secrets."""
        with self._context.store.read() as c:
            package = self._context.store.models.of_image(c, row.image.id)
        folders = {package.bundle_digest if package else row.context_digest}
        if row.image.environment:  # packages that are used in place
            folders.update(locked_trees(self._packages(row)).values())
        trees = map(self._context.blobs.tree, folders - {""})
        secrets = secrets_left_out({name for tree in trees for name in tree.left_out})
        return joined((row.image.reason, secrets))

    def _built(self, digest: str) -> list[str]:
        with self._context.store.read() as c:
            return self._rows.ids_built_from(c, digest)

    def _build_request(self, row: ImageRow) -> ImageRequest:
        image, build_folder = row.image, self._folder(row) / CONTEXT
        # A killed dispatcher may have left the files of its build.
        shutil.rmtree(build_folder, ignore_errors=True)
        if row.context_digest:
            self._context.blobs.stage(row.context_digest, build_folder, writable=True)
        network, store_id = self._context.settings.docker_build_network, self._context.store.id
        if not image.environment:
            base = image.recipe.base
            wish = self._model_build_request(row, build_folder) or code_build_request(
                build_folder, row.file, network, base
            )
            labels = store_labels(store_id, "code") | dict(wish.labels)
            change = {"reference": image.reference, "network": network, "labels": labels}
            return msgspec.structs.replace(wish, **change)
        default = self._context.settings.docker_base_image
        lines, project = self._packages(row), bool(row.context_digest)
        files = build_files(ImageSpec(image.recipe, lines, default, project))
        packages = self._folder(row) / PACKAGES
        shutil.rmtree(packages, ignore_errors=True)
        folders = staged_packages(self._context.blobs, lines, packages)
        return ImageRequest(
            text=files["Dockerfile"],
            files=files,
            folders=folders | ({"project": build_folder} if project else {}),
            base=base_of(image.recipe, default),
            labels=store_labels(store_id, "environment") | self._labels(row),
            reference=image.reference,
            network=network,
        )

    def _isolated(self, row: ImageRow, wish: ImageRequest) -> ImageRequest:
        """Return the request with a name, labels and steps of its owner on a shared store.

        Raises:
            PolicyRefused: the Dockerfile or its base image is not allowed.
        """
        rules, owner = self._context.store.isolation, row.image.owner
        if not rules.is_shared:
            return wish
        if wish.labels.get(IMAGE_LABEL) == "code" or row.image.recipe.own:
            rules.check_dockerfile(row.image.path or "recipe.own")
        with self._context.store.read() as c:
            usable = partial(self._rows.usable, c, rules, owner)
            base = usable(wish.base)
            for other in set(base_images(wish.text, wish.arguments)) - {wish.base}:
                usable(other)
        labels = {**wish.labels, **owner_labels(rules.owner_key(owner))}
        reference = rules.engine_name(owner, wish.reference)
        change = {"base": base, "labels": labels, "reference": reference}
        return msgspec.structs.replace(wish, **change, limits=rules.build_limits)

    def _model_build_request(self, row: ImageRow, build_folder: Path) -> ImageRequest | None:
        from nbyard.images.model_images import MODEL_FOLDER, model_files

        with self._context.store.read() as c:
            package = self._context.store.models.of_image(c, row.image.id)
        if package is None:
            return None
        self._context.blobs.stage(package.bundle_digest, build_folder, writable=True)
        base = self._context.settings.docker_base_image
        files = model_files(package.model, base)
        labels = store_labels(self._context.store.id, "model")
        return ImageRequest(
            text=files["Dockerfile"],
            files=files,
            folders={MODEL_FOLDER: build_folder},
            base=base,
            labels=labels | model_labels(package.model, package.owner),
        )

    def _packages(self, row: ImageRow) -> list[str]:
        with self._context.store.read() as c:
            versions = self._context.store.environments.versions(c, row.image.environment)
        for version in versions:
            if version.number == row.image.version:
                return version.lock_lines
        raise NotFound(because("environment-of-image-gone"))

    def _labels(self, row: ImageRow) -> dict[str, str]:
        """Return labels by which users find an image."""
        with self._context.store.read() as c:
            environment = self._context.store.environments.get(
                c, row.image.owner, row.image.environment
            )
        labels = {
            "nbyard.environment": environment.name if environment else "",
            "nbyard.version": str(row.image.version),
            "nbyard.cuda": row.image.recipe.cuda,
        }
        return {name: value for name, value in labels.items() if value}

    def _is_wanted(self, row: ImageRow) -> bool:
        if self._context.stopping.is_set():
            return False
        with self._context.store.read() as c:
            return self._rows.is_wanted(c, row.image.id)

    def _fail(self, row: ImageRow, reason: Reason, **columns: Any) -> None:
        folder = self._folder(row)
        if folder.is_dir():
            with (folder / BUILD_LOG).open("ab") as said:
                _write(said, str(reason))
        with self._context.write() as c:
            self._rows.move(c, row.image, "failed", reason=reason, **columns)

    def _tidy(self, engine: Engine, row: ImageRow) -> bool:
        """Delete remains of an interrupted build; return whether none are left."""
        if row.started_at is None or row.image.state not in IMAGE.live:
            return True
        return sweep_untagged(engine, since=row.started_at.timestamp() - CLOCKS_SECONDS)

    def _remove(self, row: ImageRow) -> None:
        """Delete the image's name on the engine, then its row.

        The name stays if another row has it. An image in use is tried again later.
        """
        rules, image = self._context.store.isolation, row.image
        is_built = image.origin == "build"
        name = rules.engine_name(image.owner, image.reference) if is_built else image.reference
        with self._context.store.read() as c:
            is_named = bool(self._rows.with_name(c, rules, image.owner, image.reference))
        # Other users of a shared store may use what one of them pulled.
        is_named |= rules.is_shared and image.origin == "pull"
        engine = self._engine()
        try:
            is_gone = self._tidy(engine, row)
            # A failed push may still have created the local name.
            may_be_there = row.image.state == "ready" or row.image.origin == "push"
            if not is_named and may_be_there:
                is_gone = engine.remove_image(name)
                sweep_untagged(engine, before=time.time() - STAGE_SECONDS)
        finally:
            engine.close()
        if not is_gone:
            return
        with self._context.write() as c:
            self._rows.delete(c, row.image.id)
        shutil.rmtree(self._folder(row), ignore_errors=True)

    def _sweep_leases(self) -> bool:
        """Delete models built for forms that were never submitted; return whether leases remain."""
        if time.monotonic() >= self._swept_until:
            self._swept_until = time.monotonic() + LEASES_SECONDS
            models = self._context.store.models
            with self._context.store.read() as c:
                has_lapsed = bool(models.with_expired_lease(c, datetime.now(UTC)))
            for package in self._delete_expired() if has_lapsed else ():
                log.info("%s was built for a form that is gone: it is removed", package.reference)
            with self._context.store.read() as c:
                self._is_leased = models.is_leased(c)
        return self._is_leased

    def _delete_expired(self) -> list[ModelPackage]:
        """Delete the packages whose lease has expired; return them.

        A package in use is kept, without a lease.
        """
        models, removed = self._context.store.models, []
        with self._context.write() as c:
            for package in models.with_expired_lease(c, datetime.now(UTC)):
                models.set_lease_end(c, package.id, None)
                image = self._rows.get(c, package.owner, package.image)
                if image is not None and not self._rows.is_used(c, image):
                    self._rows.remove(c, image)
                    removed.append(package)
        return removed

    def _engine(self) -> Engine:
        settings = self._context.settings
        place = settings.docker_host
        return Engine(place, certificates=settings.docker_cert_path, timeout=ENGINE_SECONDS)

    def _folder(self, row: ImageRow) -> Path:
        return self._context.folder / image_folder(row.image.id)


def _write(said: Any, line: str) -> None:
    said.write(line.encode() + b"\n")


def _warn(reason: Reason | str) -> None:
    log.warning("an image was not removed: %s", reason)
