"""Conditions of partial indexes: a query must repeat the exact text."""

from sqlalchemy import text

NAMED = text("workflow_id = '' and name is not null")
# Of artifacts that may be models, and a few others.
MODELS = text("(format in ('joblib', 'mlflow', 'model', 'pickle', 'pkl') or type is not null)")
WORKED = text("state = 'succeeded' and not cached")
