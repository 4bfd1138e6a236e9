"""One app label for all rooms; each room keeps its own models."""
