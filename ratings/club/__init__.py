"""Paper-club mode: a group rates the same triple on its phones; a wall counts, shows votes, and reveals the sources."""
