"""The commands `nbyard <nouns> <verb>`, from the table of operations or written by hand."""
