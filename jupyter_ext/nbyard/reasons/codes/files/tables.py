"""Why a file could not be read as a table."""

from nbyard.reasons.codes.code import REASON, code

FORMATS = {
    "no-preview": code("this kind of file has no preview"),
    "no-preview-of-format": code("this kind of {format} file has no preview", format=str),
    "table-empty": code("the file is empty"),
    "table-end-missing": code("the end of the {format} file is missing", format=str),
    "table-is-web-page": code(
        "the file is a web page (HTML), not a table; its address may need a sign-in"
    ),
    "table-is-archive": code("this is an archive, not a table"),
    "table-is-binary": code("the file holds NUL bytes: it is binary, not text"),
    "table-of-other-format": code(
        "the file is named {suffix} but its content is something else", suffix=str
    ),
    "table-not-text": code("the file is not {encoding} text: {message}", encoding=str, message=str),
    "table-damaged": code("the {format} file is damaged: {message}", format=str, message=str),
    "excel-damaged": code("the Excel file is damaged"),
    "excel-too-large": code(
        "the Excel file unpacks to {size:,} bytes, more than can be read", size=int
    ),
    "json-damaged": code("the file is not JSON: {message}", message=str),
    "json-too-large": code(
        "a JSON list of more than {most:,} bytes; use JSON lines instead", most=int
    ),
    "json-too-deep": code("the JSON is nested too deeply"),
    "json-not-objects": code("the JSON is not a list of objects"),
}

ROWS = {
    "first-line-binary": code("line 1 holds NUL bytes: it is binary, not text"),
    "first-line-not-text": code("the first line is not {encoding} text", encoding=str),
    "first-line-too-wide": code(
        "line 1 has {columns:,} columns; the maximum is {most:,}", columns=int, most=int
    ),
    "line-has-nul": code("line {line:,} holds a NUL byte: the file is damaged or binary", line=int),
    "table-line-too-long": code("line {line:,} is longer than {most:,} bytes", line=int, most=int),
    "line-too-deep": code("line {line:,} is nested too deeply", line=int),
    "line-not-json": code("line {line:,} is not JSON: {message}", line=int, message=str),
    "line-not-csv": code("line {line:,}: {message}", line=int, message=str),
    "quote-not-closed": code("the quote that opens in line {line:,} is never closed", line=int),
    "table-value-too-long": code(
        "a value in the row that starts in line {line:,} is longer than {most:,}"
        " characters (is a quote left open?)",
        line=int,
        most=int,
    ),
    "row-too-deep": code("row {row:,} is nested too deeply", row=int),
    "row-not-json": code("row {row:,} is not JSON: {message}", row=int, message=str),
    "row-not-an-object": code("row {row:,} is not a JSON object", row=int),
}

QUESTIONS = {
    "too-few-columns": code("only {columns:,} columns can be shown", columns=int),
    "too-many-columns": code(
        "{columns:,} columns are too many for a profile: the maximum for a text table is {most:,}",
        columns=int,
        most=int,
    ),
    # a name of `known` has its quotes
    "no-sheet": code("there is no sheet '{name}'; there are: {known:, }", name=str, known=list),
    "no-sort-column": code("there is no column '{name}'", name=str),
    "not-a-table-key": code("is not a valid key"),
}

READING = {
    "table-unreadable": code("the table cannot be read: {message}", message=str),
    "table-too-deep": code("the table is nested too deeply"),
    "table-beyond-memory": code("reading this table needs more memory than allowed"),
    "table-reader-slow": code("reading this table took too long"),
    "table-reader-still": code(
        "reading this table came to a standstill; it may need more memory than allowed"
    ),
    "table-reader-killed": code(
        "the reader of this table was killed ({signal}); it may need more memory than allowed",
        signal=str,
    ),
    "table-reader-ended": code(
        "the reader of this table stopped early; the table may be damaged or need more memory"
        " than allowed"
    ),
}

# what a page or a profile of a table warns of
WARNINGS = {
    "lines-before-table": code(
        "the table begins after text, which is left out (lines: {count})", count=int
    ),
    "text-not-utf-8": code("the text is not UTF-8: it is read as {encoding}", encoding=str),
    "columns-renamed": code(
        "columns with an empty or duplicate name are now called {names:, }", names=list
    ),
    "ragged-line": code(
        "line {line:,} has {found:,} values, the header has {expected:,}",
        line=int,
        found=int,
        expected=int,
    ),
    "ragged-lines": code("{first} ({count:,} such lines)", first=REASON, count=int),
    "dates-unclear": code(
        "the order of day and month is unclear, so these columns remain text: {names:, }",
        names=list,
    ),
    "first-sheet": code(
        "this is the sheet {sheet} of {count:,}; the others are {others:, }",
        sheet=str,
        count=int,
        others=list,
    ),
    "first-columns-shown": code(
        "only the first {last:,} of {count:,} columns are shown", last=int, count=int
    ),
    "columns-shown": code(
        "only columns {first:,} to {last:,} of {count:,} columns are shown",
        first=int,
        last=int,
        count=int,
    ),
}

TABLES = {**FORMATS, **ROWS, **QUESTIONS, **READING, **WARNINGS}
