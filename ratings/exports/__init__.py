"""Preference data out: versioned, hashed, streamed."""
