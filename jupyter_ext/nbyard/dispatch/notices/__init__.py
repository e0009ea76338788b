"""Send the notices in the outbox, and announce runs that take long."""
