"""The catalogue of reasons: each code with its text in English and its parameters.

In a text, `{name}` stands for a parameter; `{name:, }` joins a list by ", " instead of "; ";
`{name:,}` separates the thousands of a number; `{name:bytes}` shows a size with its unit.
`src/reasons/codes.ts` has the same texts for the browser, where they can be translated, except for
those of `COMMAND_LINE`; it is made from this catalogue by `buildtools/reason_catalogue.py`.
"""

from nbyard.reasons.codes.access import ACCESS
from nbyard.reasons.codes.automatic.notices import NOTICES
from nbyard.reasons.codes.automatic.schedules import SCHEDULES
from nbyard.reasons.codes.automatic.triggers import TRIGGERS
from nbyard.reasons.codes.code import Code
from nbyard.reasons.codes.command_line import COMMAND_LINE
from nbyard.reasons.codes.engines import ENGINES
from nbyard.reasons.codes.executables import EXECUTABLES_AND_RUNS
from nbyard.reasons.codes.failures import FAILURES
from nbyard.reasons.codes.files.cwl import CWL
from nbyard.reasons.codes.files.documents import DOCUMENTS
from nbyard.reasons.codes.files.files_and_programs import FILES
from nbyard.reasons.codes.files.tables import TABLES
from nbyard.reasons.codes.hints import HINTS
from nbyard.reasons.codes.kinds import KINDS
from nbyard.reasons.codes.products import PRODUCTS
from nbyard.reasons.codes.projects import PROJECTS
from nbyard.reasons.codes.services import SERVICES
from nbyard.reasons.codes.states import STATES
from nbyard.reasons.codes.values import VALUES
from nbyard.reasons.codes.workflows import WORKFLOWS

PARTS: tuple[dict[str, Code], ...] = (
    STATES,
    ACCESS,
    COMMAND_LINE,
    CWL,
    DOCUMENTS,
    ENGINES,
    EXECUTABLES_AND_RUNS,
    FAILURES,
    FILES,
    HINTS,
    KINDS,
    NOTICES,
    PRODUCTS,
    PROJECTS,
    SCHEDULES,
    SERVICES,
    TABLES,
    TRIGGERS,
    VALUES,
    WORKFLOWS,
)
CODES = {name: code for part in PARTS for name, code in part.items()}
