"""What code uses to be run by nbyard, and that means nothing anywhere else."""

from nbyard.runner.handoff import executable

__all__ = ["executable"]
