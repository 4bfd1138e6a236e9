"""The address of a sign-in link."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def link_of(secret: str) -> str:
    """The absolute address, under PUBLIC_URL, where a secret is used by a button."""
    return f"{settings.PUBLIC_URL}{reverse('join', args=[secret])}"
