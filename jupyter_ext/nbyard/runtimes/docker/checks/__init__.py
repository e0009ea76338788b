"""Temporary containers that run one program to learn something, such as an image's packages."""
