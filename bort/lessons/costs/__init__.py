"""Lesson 2: size, latency and error of a small recorded family, and the front between them."""
