"""Deployments: the form that creates one, its revisions and status, request counts, and forms
for the endpoints of a service.
"""
