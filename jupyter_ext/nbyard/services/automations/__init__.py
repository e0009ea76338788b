"""Operations on automations."""
