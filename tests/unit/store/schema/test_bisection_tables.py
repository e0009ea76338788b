"""The table of bisections."""

from nbyard.store.schema.tables import bisections


def test_a_bisection_outlives_its_runs() -> None:
    """It has their numbers, and no foreign key to them."""
    assert not bisections.foreign_keys
