"""Access to services behind the proxy: cached authorizations, and passes in page paths."""
