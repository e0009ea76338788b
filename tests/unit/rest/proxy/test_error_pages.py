"""Pages that users see in place of a refused page."""

import pytest

from nbyard.rest.proxy.proxy_handlers import page_of


@pytest.mark.parametrize(
    ("status", "link"),
    [
        (401, 'href="/user/ann/nbyard/sign-in/app/?a=1&amp;b">Sign in<'),
        (403, 'href="/user/ann/nbyard/app/?a=1&amp;b">Try again<'),
        (503, 'href="/user/ann/nbyard/app/?a=1&amp;b">Try again<'),
    ],
)
def test_the_link_leads_to_the_sign_in_or_reloads(status, link):
    assert link in page_of(status, "Words.", "", "/user/ann/nbyard/app/?a=1&b", "/user/ann/")


def test_messages_are_escaped():
    text = page_of(401, "<b>", "<i>", '/nbyard/"><script>', "/")
    assert "&lt;b&gt;" in text and "<p>&lt;i&gt;</p>" in text and "<script>" not in text
