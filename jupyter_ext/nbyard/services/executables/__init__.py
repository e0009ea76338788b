"""Executables: register, inspect, compare and export them, and declare the files they open."""
