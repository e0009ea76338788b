"""Everything you can ask: one class per noun, synchronous; operations are declared here once."""
