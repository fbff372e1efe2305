import os
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


def database_url() -> str:
    url = os.environ["DATABASE_URL"]
    # Heroku gives postgres://
    for old in ("postgres://", "postgresql://"):
        if url.startswith(old):
            return "postgresql+asyncpg://" + url[len(old):]
    return url


engine = create_async_engine(database_url(), pool_size=5)
sessionmaker = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessionmaker() as session:
        yield session
