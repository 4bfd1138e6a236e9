"""The problem families: parse, grade, normalise, split into steps. Pure: no Django, no torch."""
