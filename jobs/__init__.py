"""Long work that survives: the Job row, leases, heartbeats, the watch, progress pages."""
