import asyncio

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

from ledger.db import Base, database_url
from ledger import models  # noqa: F401

target_metadata = Base.metadata


def do_run(connection):
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = create_async_engine(database_url())
    async with engine.connect() as connection:
        await connection.run_sync(do_run)
    await engine.dispose()


asyncio.run(run())
