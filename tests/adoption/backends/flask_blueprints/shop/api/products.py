from flask import Blueprint, abort, jsonify

from ..extensions import db
from ..models import Product

bp = Blueprint("products", __name__)


@bp.route("/", methods=["GET"])
def index():
    return jsonify([{"id": p.id, "name": p.name, "price": p.price} for p in db.session.query(Product)])


@bp.route("/<int:product_id>")
def show(product_id):
    product = db.session.get(Product, product_id) or abort(404)
    return jsonify(id=product.id, name=product.name, price=product.price)
