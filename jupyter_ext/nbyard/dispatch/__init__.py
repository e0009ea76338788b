"""Everything that happens: the dispatcher makes the store's intent true."""
