"""Datasets, questions with their revisions, rationales with their verdicts, and what imports them."""
