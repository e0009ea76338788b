"""Log files: growing logs read in pieces, logs of bounded size, and a deployment's traffic log."""
