"""The form of the AI4OS dashboard as a deployment: `general`, `hardware` and `storage`.

https://docs.ai4os.eu (section "Deploy a module"). Memory and disk are in MB there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from nbyard.domain.deployments.structs import DashboardService, NewDeployment, ServiceKind
from nbyard.errors import Detail, Invalid
from nbyard.reasons.structs import Reason, because

SERVICES: dict[DashboardService, ServiceKind] = {
    "deepaas": "api",
    "jupyter": "jupyterlab",
    "vscode": "code-server",
}
# There, 2000 MB are 2 GB, and so are 2048 MB in requests of programs.
MB_OF_A_GB = (1000, 1024)
# field of the dashboard for each field of nbyard
PLACES = {
    "title": "general.title",
    "description": "general.desc",
    "image": "general.docker_image",
    "name": "general.hostname",
    "password": "general.jupyter_password",
    "cpu": "hardware.cpu_num",
    "gpu": "hardware.gpu_num",
    "memory_gb": "hardware.ram",
    "disk_gb": "hardware.disk",
}
NO_STORAGE = "storage cannot be mounted here: leave this field empty, and import data as datasets"
HINT = "Use either the fields of nbyard or those of the dashboard."


def _to_gb(megabytes: float) -> float:
    """Return whole GB for multiples of 1000 or 1024 MB, and 1000 MB as 1 GB otherwise."""
    unit = next((unit for unit in MB_OF_A_GB if not megabytes % unit), MB_OF_A_GB[0])
    return megabytes / unit


def is_dashboard(new: NewDeployment) -> bool:
    """Return whether the request uses the fields of the dashboard."""
    return not (new.general is None and new.hardware is None and new.storage is None)


def to_own_fields(new: NewDeployment) -> NewDeployment:
    """Convert a request to the fields of nbyard. Requests in these fields stay unchanged.

    Raises:
        Invalid: a field is set in both ways, or requests an unsupported feature.
    """
    if not is_dashboard(new):
        return new
    fields: dict[str, Any] = {}
    if (general := new.general) is not None:
        tag = f":{general.docker_tag}" if general.docker_tag else ""
        texts = {
            "title": general.title,
            "description": general.desc,
            "image": general.docker_image and general.docker_image + tag,
            "service": SERVICES[general.service],
            "password": general.jupyter_password,
            "name": general.hostname,
        }
        fields |= {name: text for name, text in texts.items() if text}
    if (hardware := new.hardware) is not None:
        numbers = {
            "cpu": hardware.cpu_num,
            "gpu": hardware.gpu_num,
            "memory_gb": None if hardware.ram is None else _to_gb(hardware.ram),
            "disk_gb": None if hardware.disk is None else _to_gb(hardware.disk),
        }
        fields |= {name: number for name, number in numbers.items() if number is not None}
    unsaid = NewDeployment()
    twice = [name for name in fields if getattr(new, name) != getattr(unsaid, name)]
    if twice:
        reason = f"is also set by {PLACES.get(twice[0], 'general.service')}"
        raise Invalid.field(twice[0], reason, hint=HINT)
    if hardware is not None and hardware.gpu_type:
        raise Invalid.field(
            "hardware.gpu_type", "GPUs cannot be chosen by type here: leave this field empty"
        )
    if new.storage is not None:
        for name, value in msgspec.structs.asdict(new.storage).items():
            # A URL alone is a warning: some forms send the one of their own storage.
            if value and name in ("rclone_user", "rclone_password", "datasets"):
                raise Invalid.field(f"storage.{name}", NO_STORAGE)
    return msgspec.structs.replace(new, **fields, general=None, hardware=None, storage=None)


def ignored_fields(new: NewDeployment) -> Iterator[Reason]:
    """Yield a warning for a storage that is not mounted."""
    if new.storage is not None and new.storage.rclone_url:
        yield because("field", path="storage.rclone_url", reason=NO_STORAGE)


@contextmanager
def with_request_field_names(new: NewDeployment) -> Iterator[None]:
    """Rename the fields in errors of this block as the request wrote them.

    Raises:
        Invalid: a field was refused, by its name in the request.
    """
    try:
        yield
    except Invalid as error:
        if not is_dashboard(new) or not error.details:
            raise error from None
        details = [Detail(PLACES.get(d.path, d.path), d.message, d.reason) for d in error.details]
        raise Invalid.fields(details, hint=error.hint_reason) from None
