"""Slots: how no rating is lost, doubled or stranded."""
