"""The career platform."""
