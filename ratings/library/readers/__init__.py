"""One module a file format: bytes in, rows and row errors out, line by line, in constant memory. No database."""
