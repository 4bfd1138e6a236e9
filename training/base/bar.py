"""A bar on stderr while a base is trained, where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tqdm import tqdm


class Bar:
    """`training.loop.Watch`. steps: of the training. what: stands in front of the bar."""

    def __init__(self, steps: int, what: str) -> None:
        self._bar = tqdm(
            total=steps, desc=what, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def check(self) -> None: ...

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        self._bar.update(step - self._bar.n)
        self._bar.set_postfix(loss=f"{loss:.4f}", refresh=False)

    def halved(self, step: int, rows: int) -> None:
        self._bar.write(
            f"step {step}: in parts of at most {rows} examples; the memory holds no more", sys.stderr
        )
