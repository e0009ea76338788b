"""The fixtures of the services' unit tests."""

from ...unit.services.conftest import a_csv, ann, finished, flow, imported, root, tool
from .training import models, trained

__all__ = ["a_csv", "ann", "finished", "flow", "imported", "models", "root", "tool", "trained"]
