"""Our own benchmarks, and the tables they record."""
