"""The pauses before a failed message is sent again: exponential with jitter, within bounds."""

from nbyard.domain.notices.structs import Delivery

# The pauses of 10 s to 640 s between eight attempts take 21 to 27 minutes in all.
MOST_ATTEMPTS = 8
FIRST_SECONDS = 10.0
LONGEST_ASKED = 24 * 3600.0
JITTER = 0.25


def pause_seconds(attempts: int, delivery: Delivery, luck: float) -> float | None:
    """Return the seconds to wait before the next attempt, None if there is no other attempt.

    `attempts` is the number of attempts so far, `delivery` the result of the last one. A pause
    that the channel requested is obeyed up to a day. `luck` is a random number between 0 and 1.
    It lengthens the pause, so that the channels of a server do not retry at the same time.
    """
    if delivery.is_final or attempts >= MOST_ATTEMPTS:
        return None
    pause = FIRST_SECONDS * 2.0 ** (attempts - 1)
    pause *= 1 + JITTER * luck
    asked = min(max(delivery.retry_seconds or 0.0, 0.0), LONGEST_ASKED)
    return max(pause, asked)
