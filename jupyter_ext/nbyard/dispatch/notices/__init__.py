"""Send the notices in the outbox, and notice runs that take long."""
