"""Strict readers of JSON, YAML and URLs from untrusted sources, and canonical JSON.

Each reader refuses ambiguous input.
"""
