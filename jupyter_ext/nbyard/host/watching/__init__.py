"""Files that triggers watch: what there is, and hints that something changed."""
