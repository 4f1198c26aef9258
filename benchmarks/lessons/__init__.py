"""Record what the lessons show but cannot compute at once."""
