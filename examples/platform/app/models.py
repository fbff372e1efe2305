"""Tables. Everything a person owns hangs on `users.id`, which never changes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    clerk_user_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    hashed_password: Mapped[str | None] = mapped_column(String(200))
    onboarding_completed: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    first_name: Mapped[str | None] = mapped_column(String(200))
    last_name: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")


class Owned:
    """Rows that belong to one user."""

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Profile(Owned, Base):
    __tablename__ = "profiles"
    __table_args__ = (UniqueConstraint("user_id"),)

    headline: Mapped[str] = mapped_column(String(200), default="")
    bio: Mapped[str] = mapped_column(Text, default="")
    location: Mapped[str] = mapped_column(String(200), default="")
    visible: Mapped[bool] = mapped_column(default=True)


class OnboardingAnswer(Owned, Base):
    __tablename__ = "onboarding_answers"
    __table_args__ = (UniqueConstraint("user_id", "step"),)

    step: Mapped[str] = mapped_column(String(50))
    answer: Mapped[str] = mapped_column(Text)


class Conversation(Owned, Base):
    __tablename__ = "conversations"

    title: Mapped[str] = mapped_column(String(200))
    archived: Mapped[bool] = mapped_column(default=False)


class Message(Owned, Base):
    __tablename__ = "messages"

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20), default="user")
    content: Mapped[str] = mapped_column(Text)


class ShareLink(Owned, Base):
    __tablename__ = "share_links"

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    token: Mapped[str] = mapped_column(String(64), unique=True)


class PeerLink(Owned, Base):
    __tablename__ = "peer_links"
    __table_args__ = (UniqueConstraint("user_id", "peer_id"),)

    peer_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))


class PeerMessage(Owned, Base):
    __tablename__ = "peer_messages"

    peer_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)


class Job(Base):
    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    company: Mapped[str] = mapped_column(String(200))
    location: Mapped[str] = mapped_column(String(200), default="")


class SavedJob(Owned, Base):
    __tablename__ = "saved_jobs"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    note: Mapped[str] = mapped_column(Text, default="")


class Course(Base):
    __tablename__ = "courses"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(200))


class Enrollment(Owned, Base):
    __tablename__ = "enrollments"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    progress: Mapped[int] = mapped_column(default=0)


class Recommendation(Owned, Base):
    __tablename__ = "recommendations"

    kind: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(Text)
    dismissed: Mapped[bool] = mapped_column(default=False)


class Career(Base):
    __tablename__ = "careers"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(200))


class CareerGoal(Owned, Base):
    __tablename__ = "career_goals"

    career_id: Mapped[int] = mapped_column(ForeignKey("careers.id", ondelete="CASCADE"))
    target: Mapped[date | None]
    notes: Mapped[str] = mapped_column(Text, default="")


class CareerStep(Owned, Base):
    __tablename__ = "career_steps"

    goal_id: Mapped[int] = mapped_column(ForeignKey("career_goals.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    done: Mapped[bool] = mapped_column(default=False)


class CompetenceNode(Owned, Base):
    __tablename__ = "competence_nodes"

    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("competence_nodes.id", ondelete="SET NULL"))


class TreePath(Owned, Base):
    __tablename__ = "tree_paths"

    name: Mapped[str] = mapped_column(String(200))
    nodes: Mapped[list[int]] = mapped_column(JSON, default=list)


class NodeNote(Owned, Base):
    __tablename__ = "node_notes"

    node_id: Mapped[int] = mapped_column(ForeignKey("competence_nodes.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)


class SpaceItem(Owned, Base):
    __tablename__ = "space_items"

    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text, default="")
    pinned: Mapped[bool] = mapped_column(default=False)


class EducationEntry(Owned, Base):
    __tablename__ = "education_entries"

    institution: Mapped[str] = mapped_column(String(200))
    degree: Mapped[str] = mapped_column(String(200))
    year: Mapped[int | None]


class SchoolProgram(Base):
    __tablename__ = "school_programs"

    id: Mapped[int] = mapped_column(primary_key=True)
    school: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))


class ProgramFavorite(Owned, Base):
    __tablename__ = "program_favorites"

    program_id: Mapped[int] = mapped_column(ForeignKey("school_programs.id", ondelete="CASCADE"))


class TestResult(Owned, Base):
    __tablename__ = "test_results"

    kind: Mapped[str] = mapped_column(String(20))
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)


class Insight(Owned, Base):
    __tablename__ = "insights"

    text: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool] = mapped_column(default=False)


class Reflection(Owned, Base):
    __tablename__ = "reflections"

    prompt: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)


class Avatar(Owned, Base):
    __tablename__ = "avatars"
    __table_args__ = (UniqueConstraint("user_id"),)

    content_type: Mapped[str] = mapped_column(String(100))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class UserProgress(Owned, Base):
    __tablename__ = "user_progress"
    __table_args__ = (UniqueConstraint("user_id"),)

    xp: Mapped[int] = mapped_column(default=0)
    streak: Mapped[int] = mapped_column(default=0)


class SearchDocument(Owned, Base):
    __tablename__ = "search_documents"

    text: Mapped[str] = mapped_column(Text)


class WebhookDelivery(Base):
    __tablename__ = "webhook_deliveries"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
