"""Commands written by hand, one module per noun, where a command needs more than one service
operation.
"""
