"""The workflow document as a Y document, the server's version of `src/document/flowDoc.ts`."""

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Awareness, Doc, Map

from nbyard.domain.parsing.canonical_json import MAX_SAFE, canonical

# Levels below each block that are shared maps; deeper levels are plain values.
DEPTH = {"meta": 0, "nodes": 2, "edges": 1, "positions": 0, "comments": 1, "groups": 1}

_ENDS = ("source", "output", "target", "input")


class YFlow(YBaseDoc):
    """A workflow as maps by ID, shared by all windows that have it open."""

    def __init__(self, ydoc: "Doc[Any] | None" = None, awareness: Awareness | None = None) -> None:
        super().__init__(ydoc, awareness)
        self.blocks = {name: self._ydoc.get(name, type=Map) for name in DEPTH}
        for block in self.blocks.values():
            self.undo_manager.expand_scope(block)

    @property
    def version(self) -> str:
        """Return the version of the shared structure."""
        return "1.0.0"

    @property
    def broken(self) -> str | None:
        """Return text from disk that is no workflow, kept unchanged until the user decides."""
        text: str | None = self._ystate.get("broken")
        return text

    def get(self) -> str:
        """Return the canonical text, without edges and positions of removed nodes."""
        if self.broken is not None:
            return self.broken
        flow = {name: block.to_py() or {} for name, block in self.blocks.items()}
        nodes = flow["nodes"]
        # One window may delete a node while another window connects it. The shared maps keep both.
        flow["edges"] = {
            key: edge
            for key, edge in flow["edges"].items()
            if edge.get("source") in nodes and edge.get("target") in nodes
        }
        placed = nodes | flow["comments"] | flow["groups"]
        flow["positions"] = {key: at for key, at in flow["positions"].items() if key in placed}
        optional = {"comments", "groups"}
        written = {name: block for name, block in flow.items() if block or name not in optional}
        return canonical({"version": 1, **written})

    def set(self, value: str) -> None:
        """Change the document to `value` with the fewest changes.

        The order of the changes is fixed.
        """
        flow = read_flow(value)
        with self._ydoc.transaction():
            if flow is None:
                self._ystate["broken"] = value
                return
            if self.broken is not None:
                del self._ystate["broken"]
            for name, depth in DEPTH.items():
                _assign(self.blocks[name], flow.get(name, {}), depth)

    def observe(self, callback: Callable[[str, Any], None]) -> None:
        """Call `callback` for changes of the content only.

        The room saves at every event, and opening a document already changes its state.
        """
        self.unobserve()
        for name, block in self.blocks.items():
            self._subscriptions[block] = block.observe_deep(partial(callback, name))


def read_flow(text: str) -> dict[str, Any] | None:
    """Return the document in a text, or None if the text is no workflow."""

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no JSON")

    # A file that was just created, such as by `touch`, is an empty workflow.
    if not text.strip():
        return {"version": 1}
    try:
        flow = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(flow, dict):
        return None
    version = flow.get("version")
    if not _is_number(version) or version != 1:
        return None
    for name in DEPTH:
        block = flow.get(name, {})
        if not isinstance(block, dict) or not all(
            _is_valid_item(name, item) for item in block.values()
        ):
            return None
    return flow


def _is_number(value: Any) -> bool:
    # In Python, JSON's true is an integer, too.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_valid_item(block: str, item: Any) -> bool:
    match block:
        case "nodes":
            return isinstance(item, dict) and isinstance(item.get("arguments", {}), dict)
        case "edges":
            return isinstance(item, dict) and all(isinstance(item.get(end), str) for end in _ENDS)
        case "comments" | "groups":
            return isinstance(item, dict)
        case "positions":
            return isinstance(item, list) and len(item) == 2 and all(map(_is_number, item))
        case _:
            return True


def _assign(target: "Map[Any]", value: dict[str, Any], depth: int) -> None:
    for key in [key for key in target.keys() if key not in value]:  # noqa: SIM118
        del target[key]
    # A fixed order gives the same shared document for the same text.
    for key in sorted(value):
        new, old = value[key], target.get(key)
        if depth and isinstance(new, dict):
            if not isinstance(old, Map):
                target[key] = Map()
                old = target[key]
            _assign(old, new, depth - 1)
        elif (
            key not in target
            or isinstance(old, Map)
            # Compare as written, because numbers set in a browser come back as floats.
            or canonical(old) != canonical(_writable_value(new))
        ):
            target[key] = _writable_value(new)


def _writable_value(value: Any) -> Any:
    """Return a value that a browser can write back.

    Whole numbers beyond 2**53 would reach it as BigInt, which it cannot write.
    """
    if isinstance(value, dict):
        return {key: _writable_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_writable_value(item) for item in value]
    if isinstance(value, int) and abs(value) > MAX_SAFE:
        try:
            return float(value)
        except OverflowError:
            return None
    return None if isinstance(value, float) and not math.isfinite(value) else value
