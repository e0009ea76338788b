"""Files of other programs, read as what they are here."""

CWL_SUFFIX = ".cwl"
