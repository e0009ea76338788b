"""Import files of other programs as definitions of nbyard."""

CWL_SUFFIX = ".cwl"
