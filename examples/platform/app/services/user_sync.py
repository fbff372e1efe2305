"""Keep one row for each Clerk user."""

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.models import User
from app.services.clerk_api import Profile


def find(db: Session, clerk_user_id: str) -> User | None:
    """The row of a Clerk user."""
    return db.scalars(select(User).where(User.clerk_user_id == clerk_user_id)).first()


def _adopt(db: Session, profile: Profile) -> None:
    """Give a legacy account to the Clerk user who has proven its address. Who has a row already stays apart from it."""
    own = aliased(User)
    has_row = select(own.id).where(own.clerk_user_id == profile.clerk_user_id).exists()
    if profile.email_verified:
        db.execute(
            update(User)
            .where(func.lower(User.email) == profile.email.lower(), User.clerk_user_id.is_(None), ~has_row)
            .values(clerk_user_id=profile.clerk_user_id)
        )


def _release(db: Session, profile: Profile) -> None:
    """Take a proven address from the Clerk user who had it before: Clerk gives it to one at a time, and tells the other's
    new one in an event of its own. Without this, two people who swap addresses would block each other for ever.
    """
    if profile.email_verified:
        db.execute(
            update(User)
            .where(func.lower(User.email) == profile.email.lower(), User.clerk_user_id != profile.clerk_user_id)
            .values(email=func.concat(User.clerk_user_id, "@moved.invalid"))
        )


def sync(db: Session, profile: Profile) -> User | None:
    """Insert or update the row. Safe when two first requests race: the second finds what the first wrote.

    None when the address belongs to another account, which is nobody's to take.
    """
    values = {
        "email": profile.email,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "is_active": profile.active,
    }
    other = aliased(User)
    legacy = select(other.id).where(func.lower(other.email) == profile.email.lower(), other.clerk_user_id.is_(None))
    # The address of a legacy account stays there; all else must be taken, a ban above all.
    changed = values | {"email": case((legacy.exists(), User.email), else_=profile.email)}
    try:
        _adopt(db, profile)
        _release(db, profile)
        db.execute(
            insert(User)
            .values(clerk_user_id=profile.clerk_user_id, **values)
            .on_conflict_do_update(index_elements=[User.clerk_user_id], set_=changed)
        )
        db.commit()
    except IntegrityError:
        db.rollback()
    return find(db, profile.clerk_user_id)


def deactivate(db: Session, clerk_user_id: str) -> None:
    """A user was deleted at Clerk: the row stays, the door closes."""
    db.execute(update(User).where(User.clerk_user_id == clerk_user_id).values(is_active=False))
    db.commit()
