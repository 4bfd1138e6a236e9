"""The problem families: parse, grade, normalise, split into steps, make questions. Pure: no Django, no torch."""
