"""Lesson 1: what a subarchitecture is, on the announcement's example."""
