"""Translates between nbyard's names of formats and the IRIs in CWL documents.

The IRIs are those of IANA's media types and of EDAM's formats (edamontology.org).
"""

from collections.abc import Mapping

from nbyard.domain.file_formats import MEDIA_TYPES

IANA = "https://www.iana.org/assignments/media-types/"
EDAM = "http://edamontology.org/format_"
OURS = "urn:nbyard:format:"
NUMBERS = {
    "3752": "csv",
    "3475": "tsv",
    "3464": "json",
    "2330": "txt",
    "2331": "html",
    "3603": "png",
    "3579": "jpg",
    "3604": "svg",
    "3508": "pdf",
    "3987": "zip",
    "3620": "excel",
}
WORDS = {f"{IANA}{name}": word for word, name in MEDIA_TYPES.items()} | {
    f"{EDAM}{number}": word for number, word in NUMBERS.items()
}


def format_name(name: str, namespaces: Mapping[str, str]) -> str:
    """Return nbyard's name for a format in a document, "" if nbyard does not know the format."""
    prefix, colon, rest = name.partition(":")
    iri = namespaces[prefix] + rest if colon and prefix in namespaces else name
    if iri.startswith(OURS):
        return iri.removeprefix(OURS)
    # Documents name IANA's media types with `http`, too.
    return WORDS.get(iri.replace("http://www.iana", "https://www.iana"), "")


def iri_of(word: str) -> str:
    """Return the IRI for nbyard's name of a format."""
    return IANA + MEDIA_TYPES[word] if word in MEDIA_TYPES else OURS + word
