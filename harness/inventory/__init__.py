"""What the code says of the migration: which routers and which pages still have the old mechanism, read without running anything."""
