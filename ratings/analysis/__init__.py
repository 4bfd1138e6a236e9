"""What the rankings say: pure statistics over judged triples. No module here imports Django."""
