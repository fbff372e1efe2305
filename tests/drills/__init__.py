"""Long drills: inputs that nobody should give, tried by the dozen."""
