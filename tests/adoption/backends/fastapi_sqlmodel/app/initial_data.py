from sqlmodel import Session, select

from app.core.db import engine
from app.models import Item, User


def main() -> None:
    with Session(engine) as session:
        if session.exec(select(User)).first():
            return
        user = User(email="first@example.com", full_name="First User", clerk_user_id="user_2first")
        session.add(user)
        session.commit()
        session.add(Item(title="A hammer", owner_id=user.id))
        session.commit()


if __name__ == "__main__":
    main()
