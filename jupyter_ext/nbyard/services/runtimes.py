"""Which runtimes are installed, known by name only: services start nothing."""

from importlib.metadata import entry_points

from nbyard.domain.workflows import Document
from nbyard.errors import Invalid

GROUP = "nbyard.runtimes"


def check_runtimes(document: Document, wished: str) -> None:
    """Raises Invalid when a runtime is named that no installed package has."""
    known = sorted({found.name for found in entry_points(group=GROUP)})
    named = {
        f"document.nodes.{name}.runtime": node.runtime for name, node in document.nodes.items()
    }
    for place, runtime in {"runtime": wished, **named}.items():
        if runtime and runtime not in known:
            present = ", ".join(known)
            raise Invalid.field(place, f"there is no {runtime[:40]!r} (present: {present})")
