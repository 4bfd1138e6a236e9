"""From a rationale back to what made it, and on to what was made of it."""
