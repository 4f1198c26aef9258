"""Lesson 3: the certified search on two dimensions, step by step, and how to break it."""
