"""Proofs of numbers for unsigned carriers; the targets' legs of transfers with consultation."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every number that is there gets a proof of its own."""
    with op.batch_alter_table("numbers") as numbers:
        numbers.add_column(sa.Column("proofs", sa.JSON, nullable=True))
    _fill_proofs()
    with op.batch_alter_table("numbers") as numbers:
        numbers.alter_column("proofs", existing_type=sa.JSON, nullable=False)
    with op.batch_alter_table("transfers") as transfers:
        transfers.add_column(sa.Column("legs", sa.JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("transfers") as transfers:
        transfers.alter_column("legs", existing_type=sa.JSON, server_default=None)


def _fill_proofs() -> None:
    connection = op.get_bind()
    numbers = sa.table("numbers", sa.column("id", sa.String), sa.column("proofs", sa.JSON))
    for number in connection.execute(sa.select(numbers.c.id)).scalars().all():
        change = numbers.update().where(numbers.c.id == number)
        connection.execute(change.values(proofs=[secrets.token_hex(16)]))
