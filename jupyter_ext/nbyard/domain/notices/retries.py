"""When a message is sent again after a failure: exponential pauses with jitter, within bounds."""

from nbyard.domain.notices.structs import Delivery

MOST_ATTEMPTS = 8
FIRST_SECONDS = 10.0
LONGEST_SECONDS = 1800.0
LONGEST_ASKED = 24 * 3600.0
JITTER = 0.25


def pause_seconds(attempts: int, delivery: Delivery, luck: float) -> float | None:
    """Return the pause after this number of attempts, None if there is no other attempt.

    A pause that the channel asked for is obeyed up to a day. `luck` between 0 and 1 lengthens
    pauses, so that channels of one server do not return at the same time.
    """
    if delivery.is_final or attempts >= MOST_ATTEMPTS:
        return None
    pause = min(FIRST_SECONDS * 2.0 ** (attempts - 1), LONGEST_SECONDS)
    pause *= 1 + JITTER * luck
    asked = min(max(delivery.retry_seconds or 0.0, 0.0), LONGEST_ASKED)
    return max(pause, asked)
