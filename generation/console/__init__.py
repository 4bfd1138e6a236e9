"""The researcher's side: pages and calls about models, generation runs and candidates. Nothing builds on it."""
