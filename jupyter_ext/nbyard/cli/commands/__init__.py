"""Commands written by hand, one module per noun, that need more than one service operation."""
