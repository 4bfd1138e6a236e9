"""The servers that the suite runs on: found, installed where missing, started in temporary folders, always stopped."""
