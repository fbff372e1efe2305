"""What a backend is held to: the auth matrix, user sync, migrations, budget and configuration."""
