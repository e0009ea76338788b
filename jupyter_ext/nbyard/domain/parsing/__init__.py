"""Strict readers of JSON, YAML and URLs from untrusted sources, and the canonical form of JSON.
Each reader refuses doubtful input.
"""
