from flask import Blueprint, g, jsonify

from ..auth.decorators import login_required
from ..extensions import db
from ..models import Order, User

bp = Blueprint("admin", __name__)


@bp.before_request
@login_required
def only_admins():
    if not g.user.is_admin:
        return jsonify(error="forbidden"), 403


@bp.get("/orders")
def orders():
    return jsonify([o.as_dict() for o in db.session.query(Order)])


@bp.get("/users")
def users():
    return jsonify([{"id": u.id, "email": u.email} for u in db.session.query(User)])
