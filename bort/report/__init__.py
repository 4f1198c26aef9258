"""Sentences and tables for people, made from codes and numbers."""
