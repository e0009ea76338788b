"""The fixtures of the services' unit tests."""

from ...unit.services.conftest import ann, finished, flow, imported, root, tool

__all__ = ["ann", "finished", "flow", "imported", "root", "tool"]
