"""Why a program ended, according to its output: an uncaught exception or a relevant line.

Lines about normal operation are ignored: progress, requests and answers, and errors of single
requests that the program survived.
"""

import re
from collections.abc import Iterator, Sequence

LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL"
# log formats: "2026-01-31 12:00:00 app INFO …", "info: …", "level=info …", "[I 2026-01-31 … App]"
LEVEL = (
    re.compile(rf".*?\b({LEVELS})\b"),
    re.compile(rf"\W*({LEVELS})[:\]]", re.IGNORECASE),
    re.compile(rf'.*?\b(?:level|severity|lvl)"?\s*[=:]\s*"?({LEVELS})\b', re.IGNORECASE),
    re.compile(r"\[([DIW]) \d"),
)
CALM = {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "D", "I", "W"}
# The level is at the beginning of a line. Later words may belong to the message.
LEVEL_CHARS = 120
MOMENT = re.compile(r"\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?\s+")
# answered requests: in an access log, or with an error that ended only the request
ASKED = re.compile(r'"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [^"]* HTTP/[0-9.]+"')
STAYED = ("a request failed", "Exception in ASGI application", "Exception on /")
TRACEBACK = "Traceback (most recent call last):"
CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
RAISED = re.compile(r"Error in .|(Exception in thread .*|panic|[\w.]*(Error|Exception)): ")
FRAME = re.compile(r"\s+at .")  # stack frames of Java and JavaScript
NOTHING = re.compile(
    r"Execution halted|Node\.js v[\d.]+|\^+|Extension modules: .*"
    r"|(Current thread|Thread) 0x[0-9a-f]+ .*\(most recent call first\):"
)
# Python's faulthandler ends a process whose native code does not return, and lists its threads.
MODEL_CODE = "micro_batches.py"  # of the serving code, which calls the model in its thread
HUNG = re.compile(r"Timeout \(([\d:.]+)\)!")
LAST_LINES = 10  # the program survived whatever earlier lines report
MAX_AFTER = 3  # relevant lines that may follow the exception


def failure_line(text: str) -> str:
    """Return the line of an output that explains why a program ended.

    Return "" if there is none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    hung = [place for place, line in enumerate(lines) if HUNG.fullmatch(line)]
    dump = lines[hung[-1] :] if hung else []
    # A program that prints further lines has survived the timeout.
    if dump and all(line[0].isspace() or NOTHING.fullmatch(line.strip()) for line in dump[1:]):
        return line_of_timeout(dump)
    # A program that answered a request has survived the errors before it.
    asked = [place for place, line in enumerate(lines) if ASKED.search(line)]
    weighed = [*_weighted_lines(lines[asked[-1] + 1 :] if asked else lines)]
    telling = [(line, weight) for line, weight in weighed[-LAST_LINES:] if weight]
    for line, weight in reversed(telling[-1 - MAX_AFTER :]):
        if weight > 1:
            return MOMENT.sub("", line, count=1)
    return MOMENT.sub("", telling[-1][0], count=1) if telling else ""


def line_of_timeout(lines: Sequence[str]) -> str:
    """Return the timeout of faulthandler with the innermost code of the thread that hung.

    That is the thread of the model, or else the last one, which is the main thread.
    """
    threads: list[list[str]] = []
    for line in lines:
        if line[0].isspace() and threads:
            threads[-1].append(line.strip())
        elif NOTHING.fullmatch(line):
            threads.append([])
    with_frames = [frames for frames in threads if frames] or [[""]]
    models = [frames for frames in with_frames if MODEL_CODE in "".join(frames)]
    return f"{lines[0]} {(models or with_frames)[-1][0]}".strip()


def _weighted_lines(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the lines that are not indented, with their weight.

    The weight is 0 for irrelevant lines, 1 for relevant ones and 2 for the exception.
    """
    is_inside = has_stayed = False
    for place, line in enumerate(lines):
        if TRACEBACK in line:
            before = lines[place - 1] if place else ""
            # a chained traceback belongs to the error before it
            if not before.startswith(CHAINED):
                has_stayed = any(phrase in before for phrase in STAYED)
            is_inside = True
        # Frames of a traceback and lines of source are indented.
        elif line[0].isspace():
            continue
        elif is_inside:
            yield line, 0 if has_stayed else 2
            is_inside = False
        else:
            levels = (match[1] for pattern in LEVEL if (match := pattern.match(line[:LEVEL_CHARS])))
            is_calm = (
                next(levels, "").upper() in CALM
                or line.startswith(CHAINED)
                or NOTHING.fullmatch(line.strip())
                or HUNG.fullmatch(line)
                or any(phrase in line for phrase in STAYED)
            )
            following = lines[place + 1] if place + 1 < len(lines) else ""
            is_exception = RAISED.match(line) or FRAME.match(following)
            yield line, 0 if is_calm else 2 if is_exception else 1
