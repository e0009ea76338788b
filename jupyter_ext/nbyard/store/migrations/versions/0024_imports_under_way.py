"""Imports that were under way when 0021 came: nobody had stored the hosts that they may read, so
that those of the dispatcher count."""

from alembic import op
from sqlalchemy import Connection, text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

UNKNOWN = """update dataset_versions set allowed_hosts = 'null'
    where state = 'importing' and cast(allowed_hosts as text) = '[]'"""


def upgrade() -> None:
    forget_hosts(op.get_bind())


def forget_hosts(c: Connection) -> None:
    c.execute(text(UNKNOWN))
