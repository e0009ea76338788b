"""THE condition that keeps scratch runs out of history.

Scratch runs are check runs and the runs of bisections. Each query that reads runs uses this
condition, or is listed with its reason in `tests/architecture/test_scratch_runs.py`.
"""

from sqlalchemy import ColumnElement

from nbyard.domain.runs.origins import SCRATCH
from nbyard.store.schema.tables import runs

IS_SCRATCH: ColumnElement[bool] = runs.c.origin.in_(sorted(SCRATCH))
HISTORY: ColumnElement[bool] = runs.c.origin.not_in(sorted(SCRATCH))
