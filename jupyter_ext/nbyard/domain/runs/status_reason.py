"""The sentence that says why a task is where it is. It stands in the task's row for people; what
another dispatcher, or the browser, has to find in it again is put there and taken out here.

    attempt 1 failed: no route – waits for a GPU        queued, to be tried again
    runs because it was forced – waits: it is built     preparing, behind what it waits for

`src/runs/reducer.ts` reads the second part too; tests/cases/reasons.json holds both to it.
"""

WAITS = " – waits: "
TURN = "waits for its turn"
ATTEMPT = "attempt "


def after_attempt(number: int, how: str, message: str) -> str:
    """Of a task that is tried again: what became of the attempt of that number, `how` as in
    "failed"."""
    return f"{ATTEMPT}{number} {how}: {message}"


def attempt_before(reason: str) -> str:
    """What became of the attempt before, of a queued task; "" for one that was never tried."""
    before = reason.partition(" – wait")[0]
    return before if before.startswith(ATTEMPT) else ""


def queued(reason: str, words: str) -> str:
    """Why a task is in the queue, such as "waits for a slot", behind what became of the attempt
    before, if that is in its reason so far."""
    before = attempt_before(reason)
    if not before:
        return words
    return f"{before} – {words}" if words.startswith("wait") else f"{before}{WAITS}{words}"


def going_on(reason: str, rows: int) -> str:
    """Of a task that goes on behind so many rows which an attempt before it had predicted."""
    why, waits, words = reason.partition(WAITS)
    return f"{why}; it goes on behind {rows} rows that are there already{waits}{words}"


def waiting(reason: str, words: str) -> str:
    """The reason so far with what it waits for now; without, where `words` are empty."""
    why = reason.partition(WAITS)[0]
    return f"{why}{WAITS}{words}" if words else why
