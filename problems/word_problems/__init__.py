"""Word problems made from templates: a short story with a few numbers, some of which do not matter.

`make_problem` gives the question, its answer, its gold steps, and rationales in three styles: explicit (a sentence and
a computation for each step), terse (computations only) and circular (the answer asserted, nothing computed).
Computations carry GSM8K's calculator marks (Cobbe et al. 2021); the last line is `#### N`.
"""

from problems.word_problems.making import make_problem
from problems.word_problems.stories import TEMPLATES
from problems.word_problems.styles import Style, style_of
from problems.word_problems.types import Step, Template, Theme, WordProblem

__all__ = ["TEMPLATES", "Step", "Style", "Template", "Theme", "WordProblem", "make_problem", "style_of"]
