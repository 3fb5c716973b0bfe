"""Seeing through a network: its rule derived, its numbers traced, its gradient certified."""
