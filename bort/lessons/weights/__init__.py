"""Lesson 5: weights on size, latency and error choose one architecture."""
