"""The parts that Agora needs for texts: student, labelers, representation, samplers, guard.

Networks are loaded where they are used: importing this package imports neither torch nor
transformers.
"""
