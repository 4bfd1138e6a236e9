"""A study: which triples are judged, under which protocol, and when they may be."""
