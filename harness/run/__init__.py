"""A run put together: its options, its parts, and what a backend does today."""
