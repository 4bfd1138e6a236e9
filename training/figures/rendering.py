"""From a Vega-Lite specification to a picture, by the Vega that vl-convert brings: no browser, no network.

    python -m training.figures.rendering svg < specification.json > picture.svg

is how pages draw: in a process of its own, since no web process should carry on with 100 MB of a browser's engine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

from accounts.errors import StarchamberError

#: Pixels of a PNG for each of the picture's own: sharp at twice its size.
SCALE = 2.0
#: A figure takes one or two seconds; a machine under load gets twenty times as much.
TIMEOUT_SECONDS = 40
_ROOT = Path(__file__).resolve().parents[2]


class NotDrawn(StarchamberError):
    """The drawing process failed; its last words are in the details."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "not_drawn"


def render(spec: dict[str, Any], ending: str) -> bytes:
    """The bytes of an "svg" or "png" file; nothing is fetched. Raises ValueError for what is no specification."""
    import vl_convert  # 30 MB of program, only where a picture is drawn

    if ending == "svg":
        return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=SCALE, allowed_base_urls=[]))


def render_apart(spec: dict[str, Any], ending: str) -> bytes:
    """The same, in another process. Raises NotDrawn."""
    command = [sys.executable, "-m", "training.figures.rendering", ending]
    told = json.dumps(spec).encode()
    try:
        done = subprocess.run(
            command, input=told, cwd=_ROOT, capture_output=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        words = getattr(error, "stderr", None) or str(error).encode()
        raise NotDrawn(
            "The picture could not be drawn; its numbers are in the JSON and CSV files.",
            details={"said": words[-500:].decode(errors="replace")},
        ) from error
    return done.stdout


if __name__ == "__main__":
    sys.stdout.buffer.write(render(json.load(sys.stdin), sys.argv[1]))
