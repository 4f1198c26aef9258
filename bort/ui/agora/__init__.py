"""The page Agora."""
