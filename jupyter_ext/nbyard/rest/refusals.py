"""What people see in place of a page that is refused: words and a link, not JSON."""

from html import escape
from urllib.parse import quote

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{words}</p>{hint}<p><a href="{address}">{action}</a></p></body></html>
"""
POLICY = "default-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"


def page_of(status: int, words: str, hint: str, address: str, login: str) -> str:
    """Return the page. `address` is that of what was refused; whoever is not signed in, or as
    somebody else, is led to the sign-in page, and from there back to it."""
    is_login = status in (401, 403)
    sign = "&" if "?" in login else "?"
    return PAGE.format(
        title="Sign in to open this page" if status == 401 else "This page cannot be shown",
        words=escape(words),
        hint=f"<p>{escape(hint)}</p>" if hint else "",
        address=escape(f"{login}{sign}next={quote(address, safe='')}" if is_login else address),
        action="Sign in" if is_login else "Try again",
    )
