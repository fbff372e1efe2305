import os


class Config:
    clerk_secret_key = os.environ["CLERK_SECRET_KEY"]
    webhook_secret = os.environ["CLERK_WEBHOOK_SIGNING_SECRET"]
    stripe_api_key = os.environ["STRIPE_API_KEY"]
    allowed_origins = os.environ.get("ALLOWED_ORIGINS", "http://localhost:3000").split(",")


config = Config()
