"""Find the sources of triggers, and outputs that may be models, by indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

MODELS = sa.text("(format in ('joblib', 'mlflow', 'model', 'pickle', 'pkl') or type is not null)")


def upgrade() -> None:
    op.drop_index("ix_triggers_kind", "triggers")
    for columns in (["kind", "is_enabled", "since_event"], ["source_id"], ["source_path"]):
        op.create_index(f"ix_triggers_{'_'.join(columns)}", "triggers", columns)
    op.create_index(
        "ix_artifacts_models", "artifacts", ["id"], sqlite_where=MODELS, postgresql_where=MODELS
    )
