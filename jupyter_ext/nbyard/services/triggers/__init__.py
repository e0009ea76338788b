"""Operations on triggers, and the messages that webhooks receive."""
