"""Commands for stores of several users: the hub's service, quotas and the audit log."""
