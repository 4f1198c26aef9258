"""Agora on the torus: points, learners, homology."""
