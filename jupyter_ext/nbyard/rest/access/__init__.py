"""Short-lived access to deployed services: cached authorizations, and passes in page paths."""
