"""Models: what was learnt, how to ask it, and the file that keeps it."""

from .model import Model, load

__all__ = ["Model", "load"]
