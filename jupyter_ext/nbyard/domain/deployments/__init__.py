"""Deployments: creation form, revisions, status, request counts and endpoint forms."""
