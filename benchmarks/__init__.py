"""Benchmarks of our own: what they compare, and the tables they record."""
