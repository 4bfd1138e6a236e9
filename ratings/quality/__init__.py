"""Quality control: items that show whether a rater reads, what they show, and what is decided about it."""
