"""Before and after rating: consent, instructions, practice, comprehension check, debrief, completion, the reveal."""
