"""A backend in Python, read by its syntax trees: which functions say who is asking, and which routers use them."""
