import models
from auth import FRONTEND_ORIGIN
from database import SessionLocal, engine
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from routers import habits, profile

app = FastAPI(title="Habits", version="1.4.0")

app.add_middleware(
    CORSMiddleware,
    allow_origins=[FRONTEND_ORIGIN],
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)


@app.on_event("startup")
def startup():
    models.Base.metadata.create_all(bind=engine)
    db = SessionLocal()
    if db.query(models.User).count() == 0:
        db.add(models.User(email="demo@habits.dev"))
        db.commit()
    db.close()


@app.get("/")
def root():
    return {"message": "Welcome to the Habits API"}


@app.get("/health")
def health():
    return {"status": "ok"}


app.include_router(habits.router)
app.include_router(profile.router)
