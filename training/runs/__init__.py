"""The Django side: runs, iterations, examples, checkpoints, evaluations."""
