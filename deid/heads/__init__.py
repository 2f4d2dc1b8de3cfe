"""Synthetic people: a CC0 parametric head, expressions, and a deterministic renderer that needs no GPU."""
