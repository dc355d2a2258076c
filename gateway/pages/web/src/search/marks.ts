// Which part of a text is what was typed, for the eye alone: the gateway has decided who matches.

export interface Part {
  text: string;
  marked: boolean;
}

const WORD = /[\p{L}\p{N}]+/gu;

/** Fold a text as the gateway does: without accents, in small letters, in usual width. */
export function foldText(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Cut a text into parts, and mark the words that were typed, or nearly. */
export function markWords(text: string, typed: string): Part[] {
  const words = foldText(typed).match(WORD) ?? [];
  const parts: Part[] = [];
  let end = 0;
  for (const found of text.matchAll(WORD)) {
    const length = markedLength(found[0], words);
    if (length === 0) continue;
    if (found.index > end) parts.push({ text: text.slice(end, found.index), marked: false });
    end = found.index + length;
    parts.push({ text: text.slice(found.index, end), marked: true });
  }
  if (end < text.length) parts.push({ text: text.slice(end), marked: false });
  return parts;
}

/** Mark the digits of a number, where those that were typed are its end. */
export function markDigits(text: string, typed: string): Part[] {
  const digits = typed.replace(/\D/g, "").replace(/^0+/, "");
  const own = text.replace(/\D/g, "");
  if (digits.length < 4 || !own.endsWith(digits)) return [{ text, marked: false }];
  const from = text.length - digits.length;
  return [
    { text: text.slice(0, from), marked: false },
    { text: text.slice(from), marked: true },
  ].filter((part) => part.text !== "");
}

function markedLength(word: string, typed: string[]): number {
  const folded = foldText(word);
  let length = 0;
  for (const wanted of typed) {
    if (folded.startsWith(wanted)) length = Math.max(length, folded.length === word.length ? wanted.length : word.length);
    else if (wanted.length > 3 && countEdits(folded, wanted) <= (wanted.length > 7 ? 2 : 1)) length = word.length;
    else if (/\p{Script=Han}/u.test(wanted) && wanted.includes(folded)) length = word.length;
  }
  return length;
}

/** Count edits between two words, of which two letters that changed places are one. */
export function countEdits(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let place = 1; place <= other.length; place += 1) {
      const same = one[row - 1] === other[place - 1];
      let least = Math.min(last[place]! + 1, current[place - 1]! + 1, last[place - 1]! + (same ? 0 : 1));
      if (row > 1 && place > 1 && one[row - 1] === other[place - 2] && one[row - 2] === other[place - 1]) {
        least = Math.min(least, before[place - 2]! + 1);
      }
      current.push(least);
    }
    [before, last] = [last, current];
  }
  return last[other.length]!;
}
