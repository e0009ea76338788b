"""The fixtures of the services' tests: freezing reads the same files and rows."""

from ..services.conftest import ann, finished, flow, imported, root, tool

__all__ = ["ann", "finished", "flow", "imported", "root", "tool"]
