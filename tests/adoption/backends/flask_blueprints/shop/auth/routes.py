from flask import Blueprint, g, jsonify

from .decorators import login_required

bp = Blueprint("auth", __name__)


@bp.get("/me")
@login_required
def me():
    return jsonify(id=g.user.id, email=g.user.email, name=g.user.name)
