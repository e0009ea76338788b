"""The reader process: questions come as JSON lines on stdin, answers go to stdout.

It ends by itself when it was not asked for long, or when whoever asked is gone.
"""

import os
import queue
import resource
import sys
import threading

import msgspec

from nbyard.domain.datasets.tables import BrokenTable
from nbyard.errors import NbyardError
from nbyard.tabular.answers import Question, answer
from nbyard.tabular.formats import promises_table

MAX_WORDS = 300


class Reply(msgspec.Struct, omit_defaults=True):
    """An answer, or words about why there is none; `broken` says that the file's name promises a
    table that it does not hold."""

    answer: msgspec.Raw | None = None
    problem: str = ""
    broken: bool = False


def main(memory_bytes: int, idle_seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    questions: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(questions,), daemon=True).start()
    while True:
        try:
            line = questions.get(timeout=idle_seconds)
        except queue.Empty:
            return
        sys.stdout.buffer.write(msgspec.json.encode(reply_to(line)) + b"\n")
        sys.stdout.buffer.flush()


def _listen(questions: "queue.Queue[bytes]") -> None:
    # Unbuffered: the lock of a buffer, held here for ever, would make the end of Python a crash.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as file:
        for line in file:
            questions.put(line)
    # Nobody waits for the answer any more, however long it would still take.
    os._exit(0)


def reply_to(line: bytes) -> Reply:
    question = msgspec.json.decode(line, type=Question)
    try:
        return Reply(msgspec.Raw(msgspec.json.encode(answer(question))))
    except NbyardError as problem:
        broken = isinstance(problem, BrokenTable) and promises_table(question.filename)
        return Reply(problem=problem.message, broken=broken)
    except RecursionError:
        return Reply(problem="the table is nested too deeply")
    except MemoryError:
        return Reply(problem="reading this table needs more memory than allowed")
    except _library_errors() as problem:
        words = str(problem).strip().partition("\n")[0][:MAX_WORDS]
        return Reply(problem=f"the table cannot be read: {words}")


def _library_errors() -> tuple[type[Exception], ...]:
    found: list[type[Exception]] = [OSError, ValueError, ArithmeticError, LookupError, TypeError]
    # Asked only about what was used: a page of text needs neither of them.
    for module, name in (("polars.exceptions", "PolarsError"), ("fastexcel", "FastExcelError")):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
