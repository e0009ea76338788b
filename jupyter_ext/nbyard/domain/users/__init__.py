"""Several users of one store: what they may use, and what administrators see of it.

A laptop has one user, for whom none of this applies.
"""
