"""Which packages a node uses: those of an environment, or of a requirements file."""

from nbyard.domain.executables.structs import Resources
from nbyard.domain.workflows.structs import Node
from nbyard.errors import Invalid


def chosen_packages(node: Node, default: Resources) -> tuple[str, str]:
    """Return the environment and the requirements file of a node, at most one of them.

    The node's own setting overrides its executable's.

    Raises:
        Invalid: the node or its executable names both.
    """
    for resources in (node, default):
        if resources.environment and resources.requirements:
            raise Invalid.field(
                "environment", "set either an environment or a requirements file, not both"
            )
        if resources.environment or resources.requirements:
            return resources.environment, resources.requirements
    return "", ""


def has_image(node: Node, default: Resources) -> bool:
    """Return whether a node, or its executable, names an image for containers."""
    return bool(node.image or default.image or default.hinted_image)
