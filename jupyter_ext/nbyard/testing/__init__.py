"""Fixtures and conformance tests for nbyard and its plug-ins."""
