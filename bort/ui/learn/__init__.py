"""The lessons: their overview, and the frame around one of them."""
