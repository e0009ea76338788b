"""Operations on notice channels, and the channels that schedules name."""
