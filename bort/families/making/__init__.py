"""Make a family: count built instances, fit polynomials, check both."""
