"""How candidates are made: models, prompts, sampling, runs with their provenance."""
