"""The club's link as a QR code: SVG made on the server, without script, style or network."""

from __future__ import annotations

from functools import lru_cache

import segno
from django.utils.safestring import SafeString, mark_safe


@lru_cache(maxsize=64)
def qr_svg(link: str) -> SafeString:
    """Inline SVG that fills its box. Dark on light in both colour schemes: phones read nothing else."""
    code = segno.make(link, error="m", micro=False)
    svg = code.svg_inline(border=3, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return mark_safe(svg)
