"""Resolve and install versions of environments; evict unused ones, and reinstall them."""
