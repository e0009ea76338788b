"""Lineage beyond rows. The rest is in the integration tests."""

from nbyard.domain.lineage.structs import LineageKind
from nbyard.services.lineage import SCOPES
from nbyard.services.operation_table import table


def test_each_kind_has_the_scope_of_its_noun() -> None:
    assert SCOPES.keys() == set(LineageKind.__args__)  # type: ignore[attr-defined]
    assert set(SCOPES.values()) <= {operation.scope for operation in table()}


def test_one_operation_serves_all_nouns() -> None:
    (one,) = [operation for operation in table() if operation.noun == "lineage"]
    assert (one.id, one.method, one.path, one.scope) == (
        *("lineage.get", "GET", "/lineage"),
        "runs:read",
    )
