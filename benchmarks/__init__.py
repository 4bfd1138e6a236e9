"""Measurements. Run by `make bench`; figures go to docs/benchmarks.md with the date and the machine."""
