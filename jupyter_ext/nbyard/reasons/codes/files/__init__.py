"""Reasons about files: their content, their transfer, and the programs that use them."""
