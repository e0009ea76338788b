"""Conformance tests of plug-ins: a test module subclasses the class of its extension point."""
