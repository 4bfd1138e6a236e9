"""People, tokens, roles, gates and the audit log: the floor that every page and call stands on."""
