"""What the command line prints: tables, JSON, logs and live progress."""
