"""Add priorities of runs, GPUs of attempts, and the distributions of an environment."""

import sqlalchemy as sa
from alembic import op

import nbyard.store.schema.sql_column_types

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'environments',
        sa.Column('fingerprint', sa.String(length=80), nullable=False),
        sa.Column('packages', sa.JSON(), nullable=False),
        sa.Column('created_at', nbyard.store.schema.sql_column_types.Moment(precision=53), nullable=False),
        sa.PrimaryKeyConstraint('fingerprint', name=op.f('pk_environments')),
    )
    op.add_column('runs', sa.Column('priority', sa.Integer(), server_default='0', nullable=False))
    op.add_column('attempts', sa.Column('gpus', sa.JSON(), server_default='[]', nullable=False))
