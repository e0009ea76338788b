"""Which runtimes are installed, known by name only: services start nothing."""

from nbyard.domain.runtime_names import DASK
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Invalid
from nbyard.settings import Settings

GROUP = "nbyard.runtimes"


def installed() -> list[str]:
    from importlib.metadata import entry_points  # looks at all that is installed

    return sorted({found.name for found in entry_points(group=GROUP)})


def offered(settings: Settings) -> list[str]:
    """Those that can be chosen here: a Dask cluster only where one is set."""
    is_set = bool(settings.dask_address or settings.dask_cluster)
    return [name for name in installed() if is_set or name != DASK]


def check_runtimes(document: Document, wished: str) -> None:
    """Raises Invalid when a runtime is named that no installed package has."""
    named = {
        f"document.nodes.{name}.runtime": node.runtime for name, node in document.nodes.items()
    }
    asked = {place: name for place, name in {"runtime": wished, **named}.items() if name}
    known = installed() if asked else []
    for place, runtime in asked.items():
        if runtime not in known:
            present = ", ".join(known)
            raise Invalid.field(place, f"there is no {runtime[:40]!r} (present: {present})")
