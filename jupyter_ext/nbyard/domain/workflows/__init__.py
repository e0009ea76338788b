"""The workflow document, the rules for its edges, and proposals for new edges."""
