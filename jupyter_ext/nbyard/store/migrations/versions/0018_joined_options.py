"""Allow options that are neither joined nor separate.

`joined` was false where no value was set.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unset_joined(op.get_bind())


def unset_joined(connection: sa.Connection) -> None:
    """Replace false by null in the options of all stored versions."""
    versions = sa.table("executable_versions", sa.column("id"), sa.column("arguments", sa.JSON))
    for row in connection.execute(sa.select(versions.c.id, versions.c.arguments)).all():
        reaches = [argument.get("reach") or {} for argument in row.arguments]
        options = [reach for reach in reaches if reach.get("kind") == "option"]
        unset = [reach for reach in options if reach.get("joined") is False]
        for reach in unset:
            reach["joined"] = None
        if unset:
            changed = versions.update().where(versions.c.id == row.id)
            connection.execute(changed.values(arguments=row.arguments))
