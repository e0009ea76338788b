"""Administrators see metadata of others, never what these wrote or computed."""

from nbyard.domain.users.admin import AuditEntry, DeploymentOverview, QueuedTask, RunOverview

PRIVATE = {
    "parameters",
    "arguments",
    "metrics",
    "path",
    "tags",
    "spec",
    "reason",
    "failure",
    "body",
}


def test_no_overview_has_a_field_for_parameters_outputs_or_texts() -> None:
    for kind in (AuditEntry, DeploymentOverview, QueuedTask, RunOverview):
        assert PRIVATE.isdisjoint(kind.__struct_fields__), kind
