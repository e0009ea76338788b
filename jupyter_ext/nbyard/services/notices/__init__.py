"""Operations on notice channels, and the channels that automations name."""
