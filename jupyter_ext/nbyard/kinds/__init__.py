"""Kinds of executables: notebooks, commands, functions, containers and models.

A kind reads arguments without running the file, and turns a task into work for the runner.
Packages register kinds as entry points of `nbyard.kinds`. `protocol` is the contract, and
finds the installed kinds.
"""
