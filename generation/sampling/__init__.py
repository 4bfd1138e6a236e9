"""Backends that complete prompts. No Django in here."""
