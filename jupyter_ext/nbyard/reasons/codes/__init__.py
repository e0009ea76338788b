"""The catalogue of reasons: each code with its text in English and its parameters.

In a text, `{name}` stands for a parameter; `{name:, }` joins a list by ", " instead of "; ".
`src/reasons/codes.ts` has the same texts for the browser, where they can be translated; it is made
from this catalogue by `buildtools/reason_catalogue.py`.
"""

from nbyard.reasons.codes.code import Code
from nbyard.reasons.codes.documents import DOCUMENTS
from nbyard.reasons.codes.products import PRODUCTS
from nbyard.reasons.codes.states import STATES
from nbyard.reasons.codes.values import VALUES

CODES: dict[str, Code] = {**STATES, **DOCUMENTS, **PRODUCTS, **VALUES}
