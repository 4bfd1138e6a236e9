"""What is learned from questions, candidates and ratings."""
