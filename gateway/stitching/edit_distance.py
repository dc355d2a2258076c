"""Count the edits between two words: letters changed, left out or put in, and neighbours that changed places."""

from __future__ import annotations


def count_edits(word: str, other: str, most: int) -> int:
    """Count the edits (optimal string alignment); more than `most` are one more than that.

    What both begin and end with costs nothing, so words that are nearly the same are compared at once.
    """
    if abs(len(word) - len(other)) > most or len({*word} ^ {*other}) > 2 * most:
        return most + 1  # an edit changes two of the letters at most: so most words are told apart
    start, shorter = 0, min(len(word), len(other))
    while start < shorter and word[start] == other[start]:
        start += 1
    end = 0
    while end < shorter - start and word[-1 - end] == other[-1 - end]:
        end += 1
    word, other = word[start : len(word) - end], other[start : len(other) - end]
    if not word or not other:
        return min(len(word) + len(other), most + 1)
    if most == 1:
        is_one = len(word) == len(other) == 1 or (len(word) == len(other) == 2 and word == other[::-1])
        return 1 if is_one else 2
    return min(_count_all(word, other), most + 1)


def _count_all(word: str, other: str) -> int:
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for place, letter in enumerate(word, 1):
        above, row = row, [place]
        for column, own in enumerate(other, 1):
            edits = min(above[column] + 1, row[-1] + 1, above[column - 1] + (letter != own))
            if place > 1 and column > 1 and letter == other[column - 2] and word[place - 2] == own:
                edits = min(edits, before[column - 2] + 1)
            row.append(edits)
        before = above
    return row[-1]
