"""Serves a model over HTTP: plain JSON, and the Open Inference Protocol v2."""

from .mode import HttpMode

__all__ = ["HttpMode"]
