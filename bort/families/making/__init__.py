"""How a family is made: instances counted, polynomials fitted, both checked."""
