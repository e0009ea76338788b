"""Rows of credentials, and the encryption of secrets."""
