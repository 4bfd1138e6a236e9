"""The templates, a module a theme or two."""

from problems.word_problems.stories import ages, garden, keeping, reading, saving, school, shopping, travel
from problems.word_problems.types import Template

TEMPLATES: tuple[Template, ...] = (
    *keeping.TEMPLATES,
    *shopping.TEMPLATES,
    *reading.TEMPLATES,
    *ages.TEMPLATES,
    *travel.TEMPLATES,
    *garden.TEMPLATES,
    *school.TEMPLATES,
    *saving.TEMPLATES,
)
