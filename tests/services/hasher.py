"""Passwords of personas: the product's own format, so that a live site accepts them, without its third of a second."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """One iteration instead of a million. Never outside the suite."""

    iterations = 1
