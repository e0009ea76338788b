"""Log files: growing logs read in pieces, bounded logs and a deployment's traffic log."""
