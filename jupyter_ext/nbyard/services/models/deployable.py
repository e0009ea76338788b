"""Finds the model that a deployment names as its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.images.structs import BUILD_LOG, image_folder
from nbyard.domain.models.structs import HTTP, ModelPackage
from nbyard.errors import Invalid
from nbyard.logs.log_pieces import has_more_than
from nbyard.reasons.structs import because

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
        why = because("model-runs-once", name=model.name, mode=model.mode)
        raise Invalid.field("image", why, hint=because("run-model", name=repr(model.name)))
    if model.state == "failed":
        cause = model.reason or because("unknown-cause")
        why = because("model-not-built", image=model.reference, cause=cause)
        # The hint names the log only if the log says more than the cause.
        has_more = has_more_than(store.folder / image_folder(model.image) / BUILD_LOG, str(cause))
        hint = because("deploy-model-again")
        if has_more:
            see_log = because("see-image-log", image=model.reference)
            hint = because("hints", hints=[see_log, hint])
        raise Invalid.field("image", why, hint=hint)
    return model
