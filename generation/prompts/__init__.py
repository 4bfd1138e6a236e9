"""What a model is asked, to the letter."""
