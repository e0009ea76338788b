"""Each block of commands in README and in the how-to pages runs, or gives a reason."""

import pytest

from ..integration.test_docs import COMMAND, PAGES, Block, blocks_of


def is_unmarked(block: Block) -> bool:
    is_shell = block.language in ("", "sh", "bash", "console")
    return is_shell and not block.mark and bool(COMMAND.search(block.text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_block_of_commands_is_marked(page):
    assert [block.text for block in blocks_of(page) if is_unmarked(block)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_does_not_run_has_a_reason(page):
    marks = [block.mark for block in blocks_of(page) if block.mark.startswith("not run")]
    assert [mark for mark in marks if not mark.removeprefix("not run").strip(": ")] == []
