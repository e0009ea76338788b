"""Operations on projects: what they describe, and which resources belong to them."""
