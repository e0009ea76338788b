"""projects.*: one service with all operations."""

from nbyard.services.operation import operations
from nbyard.services.projects.service import ProjectService


def test_its_operations():
    verbs = {operation.verb for operation in operations([ProjectService])}
    records = {"create", "list", "get", "update", "delete", "links", "linkable", "link", "unlink"}
    policies = {"retention", "set_policy", "delete_policy"}
    assert verbs == records | policies | {"artifacts"} | {"plan", "push", "definition"}
