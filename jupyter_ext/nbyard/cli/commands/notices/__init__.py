"""Commands of notice channels, and the options in which channels are named."""
