"""Bring what was written anew together with what people changed by hand. Where both changed, the hand wins."""

from __future__ import annotations

import difflib
from typing import NamedTuple


class Merge(NamedTuple):
    """The text, and how many changes were left out because people had changed the same lines."""

    text: str
    left_out: int


def merge_texts(base: str, own: str, new: str) -> Merge:
    """Put the changes from `base` to `new` into `own`, line by line."""
    old_lines, own_lines, new_lines = (text.splitlines(keepends=True) for text in (base, own, new))
    by_hand = _blocks(old_lines, own_lines)
    anew = _blocks(old_lines, new_lines)
    kept, left_out = [], 0
    for block in anew:
        touching = [hand for hand in by_hand if _touch(hand, block)]
        if not touching:
            kept.append(block)
        elif any(hand != block for hand in touching):
            left_out += 1
    lines: list[str] = []
    place = 0
    for start, end, text in sorted([*by_hand, *kept], key=lambda block: block[:2]):
        lines += old_lines[place:start]
        lines += text
        place = max(place, end)
    return Merge("".join([*lines, *old_lines[place:]]), left_out)


Block = tuple[int, int, tuple[str, ...]]


def _blocks(old: list[str], changed: list[str]) -> list[Block]:
    """List the changes: lines of the old text, and what stands in their place."""
    matcher = difflib.SequenceMatcher(a=old, b=changed, autojunk=False)
    return [(i1, i2, tuple(changed[j1:j2])) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def _touch(one: Block, other: Block) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def difference_of(old: str, new: str, name: str) -> list[str]:
    """Show what changes in a file, as a unified difference."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"{name} now", f"{name} proposed", lineterm="", n=1)
    return list(lines)
