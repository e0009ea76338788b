"""Moves files into and out of the store: uploads, downloads, code bundles and dataset links."""
