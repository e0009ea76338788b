"""Clear the allowed hosts of imports that were running when 0021 came.

No hosts were stored for them, so the hosts of the dispatcher count.
"""

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
    """Set the allowed hosts of running imports without stored hosts to null."""
    c.execute(text(UNKNOWN))
