"""Lesson 7: how an architecture becomes a model, and what becomes of the predictions."""
