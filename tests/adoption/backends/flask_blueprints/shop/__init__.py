import os

from flask import Flask, jsonify
from flask_cors import CORS

from .config import Config
from .extensions import db


def create_app(config=Config):
    app = Flask(__name__)
    app.config.from_object(config)
    CORS(app, origins=app.config["CORS_ORIGINS"], supports_credentials=True)
    db.init_app(app)

    from .api.admin import bp as admin_bp
    from .api.orders import bp as orders_bp
    from .api.products import bp as products_bp
    from .auth.routes import bp as auth_bp

    app.register_blueprint(auth_bp, url_prefix="/auth")
    app.register_blueprint(products_bp, url_prefix="/api/v1/products")
    app.register_blueprint(orders_bp, url_prefix="/api/v1/orders")
    app.register_blueprint(admin_bp, url_prefix="/api/v1/admin")

    @app.route("/ping")
    def ping():
        return jsonify(pong=True)

    @app.errorhandler(404)
    def not_found(error):
        return jsonify(error="not found"), 404

    with app.app_context():
        db.create_all()
        seed = os.path.join(os.path.dirname(app.root_path), "db", "seed.sql")
        from .models import User

        if db.session.query(User).count() == 0:
            with open(seed) as f:
                db.session.connection().exec_driver_sql(f.read())
            db.session.commit()

    return app
