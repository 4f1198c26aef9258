"""What a measurement is of: a space, the winners of a search, the landmarks."""
