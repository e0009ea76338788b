"""HTML pages for refused requests of browsers, with a message and a link."""

from html import escape

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{words}</p>{hint}<p><a href="{address}">{action}</a></p></body></html>
"""
POLICY = "default-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
HOME, SIGN_IN = "nbyard", "nbyard/sign-in"
PATTERN = SIGN_IN + r"/(?:deployments|attempts)/[a-z0-9-]+/[a-z0-9-]+(?:/.*)?"


def page_of(status: int, message: str, hint: str, address: str, base_url: str) -> str:
    """Return the HTML page for a refused request to `address`.

    Users who are not signed in get a link to the sign-in page, which leads back to `address`.
    """
    is_login = status == 401
    return PAGE.format(
        title="Sign in to open this page" if is_login else "This page cannot be shown",
        # Messages quote parts of the request, which could be HTML.
        words=escape(message),
        hint=f"<p>{escape(hint)}</p>" if hint else "",
        # The sign-in address has the same rest, so the way back needs no parameter.
        address=escape(_moved(address, base_url, HOME, SIGN_IN) if is_login else address),
        action="Sign in" if is_login else "Try again",
    )


class SignInHandler(JupyterHandler):
    """Redirects to the refused page once the user is signed in.

    Only the server's identity provider knows the login address, and only one of Jupyter's own
    handlers can use it. Under JupyterHub, this server has no page `login`.
    """

    @web.authenticated
    def get(self) -> None:
        self.redirect(_moved(str(self.request.uri), self.base_url, SIGN_IN, HOME))


def _moved(address: str, base_url: str, since: str, to: str) -> str:
    return url_path_join(base_url, to) + address.removeprefix(url_path_join(base_url, since))
