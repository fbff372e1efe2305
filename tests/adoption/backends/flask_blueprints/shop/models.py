from .extensions import db


class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)
    clerk_user_id = db.Column(db.String(64), unique=True)
    email = db.Column(db.String(255), unique=True)
    name = db.Column(db.String(120))
    is_admin = db.Column(db.Boolean, nullable=False, default=False, server_default="false")


class Product(db.Model):
    __tablename__ = "products"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(120), nullable=False)
    price = db.Column(db.Integer, nullable=False)


class Order(db.Model):
    __tablename__ = "orders"
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("users.id"), nullable=False)
    product_id = db.Column(db.Integer, db.ForeignKey("products.id"), nullable=False)
    amount = db.Column(db.Integer, nullable=False, default=1)

    def as_dict(self):
        return {"id": self.id, "product": self.product_id, "amount": self.amount}
