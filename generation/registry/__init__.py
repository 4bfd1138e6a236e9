"""Which models there are, and how they are loaded."""
