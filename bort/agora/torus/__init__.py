"""Agora on the torus: points, students, labelers and samplers."""
