from flask import Blueprint, abort, g, jsonify, request

from ..auth.decorators import login_or_legacy, login_required
from ..extensions import db
from ..models import Order

bp = Blueprint("orders", __name__)


@bp.get("/")
@login_required
def index():
    return jsonify([o.as_dict() for o in db.session.query(Order).filter_by(user_id=g.user.id)])


@bp.post("/")
@login_required
def create():
    data = request.get_json(silent=True) or {}
    if not isinstance(data.get("product_id"), int):
        return jsonify(error="product_id is required"), 422
    order = Order(user_id=g.user.id, product_id=data["product_id"], amount=data.get("amount", 1))
    db.session.add(order)
    db.session.commit()
    return jsonify(order.as_dict()), 201


@bp.get("/<int:order_id>")
@login_required
def show(order_id):
    order = db.session.get(Order, order_id)
    if order is None or order.user_id != g.user.id:
        abort(404)
    return jsonify(order.as_dict())


@bp.get("/<int:order_id>/invoice")
@login_or_legacy
def invoice(order_id):
    order = db.session.get(Order, order_id)
    if order is None or order.user_id != g.user.id:
        abort(404)
    return f"Invoice no. {order.id}", 200, {"Content-Type": "text/plain"}
