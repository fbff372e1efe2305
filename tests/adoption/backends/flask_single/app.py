"""A guest book with Clerk."""
import os
import sqlite3

import httpx
from clerk_backend_api import Clerk
from clerk_backend_api.security.types import AuthenticateRequestOptions
from flask import Flask, abort, g, jsonify, request
from flask_cors import CORS

app = Flask(__name__)
APP_URL = os.environ.get("APP_URL", "http://localhost:5173")
CORS(app, origins=[APP_URL])
SECRET = os.environ["CLERK_SECRET_KEY"]
clerk = Clerk(bearer_auth=SECRET)
DB = os.environ.get("GUESTBOOK_DB", "guestbook.db")

OPEN = {"index", "entries", "static"}


def db():
    if "db" not in g:
        g.db = sqlite3.connect(DB)
        g.db.row_factory = sqlite3.Row
        g.db.execute(
            "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, author TEXT, text TEXT NOT NULL)"
        )
    return g.db


@app.teardown_appcontext
def close(error):
    connection = g.pop("db", None)
    if connection is not None:
        connection.close()


@app.before_request
def check():
    if request.endpoint in OPEN or request.method == "OPTIONS":
        return None
    state = clerk.authenticate_request(
        httpx.Request(request.method, request.url, headers=dict(request.headers)),
        AuthenticateRequestOptions(authorized_parties=[APP_URL], accepts_token=["session_token"]),
    )
    payload = state.payload or {}
    if not state.is_signed_in or "sid" not in payload or payload.get("sts") == "pending":
        return jsonify({"message": "Please sign in"}), 401
    g.user_id = payload["sub"]
    return None


@app.get("/")
def index():
    return "<h1>Guest book</h1>"


@app.get("/entries")
def entries():
    return jsonify([dict(row) for row in db().execute("SELECT id, text FROM entries")])


@app.post("/entries")
def write():
    text = (request.get_json(silent=True) or {}).get("text", "")
    if not text:
        abort(400, "text?")
    cursor = db().execute("INSERT INTO entries (author, text) VALUES (?, ?)", (g.user_id, text))
    db().commit()
    return jsonify({"id": cursor.lastrowid}), 201


@app.delete("/entries/<int:number>")
def delete(number):
    db().execute("DELETE FROM entries WHERE id = ? AND author = ?", (number, g.user_id))
    db().commit()
    return "", 204


@app.get("/me")
def me():
    return jsonify({"id": g.user_id})


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5000)))
