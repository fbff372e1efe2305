from auth import get_user_old_or_new
from fastapi import APIRouter, Depends
from models import User
from schemas import ProfileOut

router = APIRouter(prefix="/profile", tags=["profile"])


@router.get("", response_model=ProfileOut)
def read_profile(user: User = Depends(get_user_old_or_new)):
    return user


@router.get("/streak")
def streak(user: User = Depends(get_user_old_or_new)):
    return {"user": user.id, "streak": len([h for h in user.habits if h.done])}
