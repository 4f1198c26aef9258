"""Lesson 4: the ABnC property, which parts of a network cost most."""
