"""Generation runs, their candidates and their provenance."""
