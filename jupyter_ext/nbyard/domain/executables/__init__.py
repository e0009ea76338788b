"""Executables, their versions, their `.nbexec` files, and differences between versions."""
