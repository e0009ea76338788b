"""The one condition that keeps scratch runs out of history.

Scratch runs are check runs and the runs of bisections. Each query that reads runs uses this
condition, or is listed with its reason in `tests/architecture/test_scratch_runs.py`.
"""

from sqlalchemy import ColumnElement, literal_column

from nbyard.domain.runs.origins import SCRATCH
from nbyard.store.schema.tables import runs

# Literals: PostgreSQL plans a repeated statement without the values of its parameters. Then it
# would expect that this condition leaves no run.
KINDS: list[ColumnElement[str]] = [literal_column(f"'{origin}'") for origin in sorted(SCRATCH)]
IS_SCRATCH: ColumnElement[bool] = runs.c.origin.in_(KINDS)
HISTORY: ColumnElement[bool] = runs.c.origin.not_in(KINDS)
