"""The plumbing that every call of the REST API shares: who asks, how often, how pages and errors look."""
