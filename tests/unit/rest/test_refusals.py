"""P5: what people see in place of a page that is refused."""

import pytest

from nbyard.rest.refusals import page_of


@pytest.mark.parametrize(
    ("status", "link"),
    [
        (401, 'href="/login?next=%2Fapp%2F%3Fa%3D1%26b"'),
        (403, 'href="/login?next=%2Fapp%2F%3Fa%3D1%26b"'),
        (503, 'href="/app/?a=1&amp;b"'),
    ],
)
def test_the_link_leads_to_the_sign_in_page_or_to_the_same_again(status, link):
    assert link in page_of(status, "Words.", "", "/app/?a=1&b", "/login")


def test_words_are_shown_as_text_and_a_query_of_the_sign_in_page_is_kept():
    text = page_of(401, "<b>", "<i>", '/"><script>', "/hub?x=1")
    assert "&lt;b&gt;" in text and "<p>&lt;i&gt;</p>" in text and "<script>" not in text
    assert "/hub?x=1&amp;next=%2F%22%3E%3Cscript%3E" in text
