"""What every part needs: errors that a user can mend, redaction, TOML files."""
