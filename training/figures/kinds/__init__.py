"""The kinds of figures, a module each: what it reads, and what it draws from that."""
