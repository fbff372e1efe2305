from pydantic import BaseModel


class HabitIn(BaseModel):
    title: str
    done: bool = False


class HabitOut(HabitIn):
    id: int

    class Config:
        orm_mode = True


class ProfileOut(BaseModel):
    id: int
    email: str | None

    class Config:
        orm_mode = True
