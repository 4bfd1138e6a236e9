"""What a database holds of what a recipe names: all that is counted before a run begins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Numbers of rows. A recipe fills those that it makes use of.

    questions: of the splits that are asked; later: those of them that join in a later iteration. validation: held-out
    questions that are asked. texts: rationales that are learned from, of the sources in `sources`; validation_texts:
    those that held-out loss is measured on. replay: rationales that may be mixed in. shots: worked examples before a
    question. pairs, held_out_pairs: of what people preferred.
    """

    questions: int = 0
    later: int = 0
    validation: int = 0
    texts: int = 0
    sources: tuple[str, ...] = ()
    validation_texts: int = 0
    replay: int = 0
    shots: int = 0
    pairs: int = 0
    held_out_pairs: int = 0
    #: Of the pairs that a verifier's step is chosen on.
    selected_pairs: int = 0
