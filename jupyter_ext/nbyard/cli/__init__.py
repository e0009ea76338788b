"""`nbyard <nouns> <verb>` from the table of operations, and run, doctor, datasets add by hand."""
