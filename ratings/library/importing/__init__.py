"""Writing what the readers read: all or nothing, batch by batch, each batch with a handful of statements."""
