"""One attempt in its container, from its input to its outcome."""
