"""Agora on the torus: the points, and what learns, labels and samples them."""
