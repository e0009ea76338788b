"""The catalogue of reasons: each code with its text in English and its parameters.

Codes are stored, sent or compared. Refusals and hints are plain text where they are raised.
In a text, `{name}` stands for a parameter; `{name:, }` joins a list by ", " instead of
"; "; `{name:,}` separates the thousands of a number; `{name:bytes}` shows a size with its unit.
Parameters without a format are texts, unless `OF_NAMES` has their name or their type is declared.
`src/reasons/codes.ts` has the same texts for the browser, where they can be translated; it is made
from this catalogue by `buildtools/reason_catalogue.py`.
"""

from nbyard.reasons.codes.answers import ANSWERS
from nbyard.reasons.codes.automations import AUTOMATIONS
from nbyard.reasons.codes.code import Code
from nbyard.reasons.codes.engines import ENGINES
from nbyard.reasons.codes.failures import FAILURES
from nbyard.reasons.codes.hints_of_code import HINTS_OF_CODE
from nbyard.reasons.codes.states import STATES
from nbyard.reasons.codes.workflows import WORKFLOWS

PARTS: tuple[dict[str, Code], ...] = (
    STATES,
    ANSWERS,
    AUTOMATIONS,
    ENGINES,
    FAILURES,
    HINTS_OF_CODE,
    WORKFLOWS,
)
CODES = {name: code for part in PARTS for name, code in part.items()}
