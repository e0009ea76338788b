"""Output of the command line: tables, JSON, logs and live progress."""
