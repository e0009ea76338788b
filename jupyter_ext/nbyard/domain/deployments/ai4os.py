"""The form of the AI4OS dashboard as a deployment: `general`, `hardware` and `storage`.

https://docs.ai4os.eu (section "Deploy a module"). Memory and disk are in MB there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from nbyard.domain.deployments.structs import DashboardService, NewDeployment, ServiceKind
from nbyard.errors import Detail, Invalid
from nbyard.reasons.structs import because

SERVICES: dict[DashboardService, ServiceKind] = {
    "deepaas": "api",
    "jupyter": "jupyterlab",
    "vscode": "code-server",
}
MB_OF_A_GB = 1024
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
HINT = because("one-way-only")


def is_dashboard(new: NewDeployment) -> bool:
    """Return whether the request uses the fields of the dashboard."""
    return not (new.general is None and new.hardware is None and new.storage is None)


def plain(new: NewDeployment) -> NewDeployment:
    """Convert a request to the fields of nbyard. Requests in these fields stay unchanged.

    Raises:
        Invalid: a field is set in both ways, or requests an unsupported feature.
    """
    if not is_dashboard(new):
        return new
    fields = _general(new) | _hardware(new)
    unsaid = NewDeployment()
    twice = [name for name in fields if getattr(new, name) != getattr(unsaid, name)]
    if twice:
        reason = because("set-twice", other=PLACES.get(twice[0], "general.service"))
        raise Invalid.field(twice[0], reason, hint=HINT)
    if new.hardware is not None and new.hardware.gpu_type:
        raise Invalid.field("hardware.gpu_type", because("no-gpu-types"))
    if new.storage is not None:
        _check_storage(msgspec.structs.asdict(new.storage))
    return msgspec.structs.replace(new, **fields, general=None, hardware=None, storage=None)


def _general(new: NewDeployment) -> dict[str, Any]:
    told = new.general
    if told is None:
        return {}
    image = f"{told.docker_image}:{told.docker_tag}" if told.docker_tag else told.docker_image
    found: dict[str, Any] = {
        "title": told.title,
        "description": told.desc,
        "image": image if told.docker_image else "",
        "service": SERVICES[told.service],
        "password": told.jupyter_password,
        "name": told.hostname,
    }
    return {name: value for name, value in found.items() if value}


def _hardware(new: NewDeployment) -> dict[str, Any]:
    told = new.hardware
    if told is None:
        return {}
    found = {
        "cpu": told.cpu_num,
        "gpu": told.gpu_num,
        "memory_gb": None if told.ram is None else told.ram / MB_OF_A_GB,
        "disk_gb": None if told.disk is None else told.disk / MB_OF_A_GB,
    }
    return {name: value for name, value in found.items() if value is not None}


def _check_storage(told: dict[str, Any]) -> None:
    for name, value in told.items():
        if value and name in ("rclone_url", "rclone_user", "rclone_password", "datasets"):
            raise Invalid.field(f"storage.{name}", because("no-storage"))


@contextmanager
def told_of(new: NewDeployment) -> Iterator[None]:
    """Rename the fields in errors of this block as the request wrote them."""
    try:
        yield
    except Invalid as error:
        raise _placed(error) if is_dashboard(new) else error from None


def _placed(error: Invalid) -> Invalid:
    details = [Detail(PLACES.get(d.path, d.path), d.message, d.reason) for d in error.details]
    return Invalid.fields(details, hint=error.hint_reason) if details else error
