"""What alembic runs around the migrations; the connection and its transaction are the caller's."""

from __future__ import annotations

from alembic import context

from linecard.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
