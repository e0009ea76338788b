"""Finds the model that a deployment names as its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.images.structs import BUILD_LOG, image_folder
from nbyard.domain.models.structs import HTTP, ModelPackage
from nbyard.errors import Invalid
from nbyard.logs.log_pieces import has_more_than

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.store import Store


def deployable_model(store: Store, caller: Caller, image: str) -> ModelPackage | None:
    """Return the model with the reference `image`, None if there is no such model.

    Raises:
        Invalid: The model does not answer requests, or its image was not built.
    """
    with store.read() as c:
        model = store.models.find(c, caller.name, image) if image else None
    if model is None:
        return None
    if model.mode != HTTP:
        why = f"the model '{model.name}' cannot be deployed: in mode {model.mode}, it runs once"
        raise Invalid.field("image", why, hint=f"nbyard models run -n {model.name!r}")
    if model.state == "failed":
        cause = model.reason or "the cause is not recorded"
        why = f"{model.reference} was not built: {cause}"
        # The hint names the log only if the log says more than the cause.
        has_more = has_more_than(store.folder / image_folder(model.image) / BUILD_LOG, str(cause))
        hint = "Deploying it again repeats the build."
        if has_more:
            hint = (
                "The log of the image shows why (in a shell: nbyard images log"
                f" {model.reference}). {hint}"
            )
        raise Invalid.field("image", why, hint=hint)
    return model
