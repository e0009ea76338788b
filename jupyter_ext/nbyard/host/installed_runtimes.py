"""Lists installed runtimes by name.

Services only need the names and import no runtime.
"""

from nbyard.domain.naming.runtime_names import DASK
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Invalid
from nbyard.settings import Settings

GROUP = "nbyard.runtimes"


def installed_runtimes() -> list[str]:
    """Return the sorted names of the installed runtimes."""
    from importlib.metadata import entry_points  # slow: it reads all installed packages

    return sorted({entry_point.name for entry_point in entry_points(group=GROUP)})


def offered_runtimes(settings: Settings) -> list[str]:
    """Return the runtimes that users can choose.

    Dask is one of them only if a cluster is configured.
    """
    # Without a cluster, the runtime is installed but can run nothing.
    is_set = bool(settings.dask_address or settings.dask_cluster)
    return [name for name in installed_runtimes() if is_set or name != DASK]


def check_runtimes(document: Document, wished: str) -> None:
    """Check that the runtimes of a document's nodes, and of the run (`wished`), are installed.

    Raises:
        Invalid: A runtime is unknown.
    """
    named = {
        f"document.nodes.{name}.runtime": node.runtime for name, node in document.nodes.items()
    }
    asked = {place: name for place, name in {"runtime": wished, **named}.items() if name}
    known = installed_runtimes() if asked else []
    for place, runtime in asked.items():
        if runtime not in known:
            raise Invalid.field(
                place, f"there is no runtime '{runtime[:40]}' (installed: {', '.join(known)})"
            )
