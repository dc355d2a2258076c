// What the browser keeps for the pages. In a frame of another site it keeps nothing, and it may be told to keep nothing.
import { isFramed } from "./embed/frame";

type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const NOTHING: Kept = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };

function openStorage(open: () => Storage): Kept {
  if (isFramed) return NOTHING;
  try {
    return open();
  } catch {
    return NOTHING;
  }
}

/** Lasts over tabs and days. */
export const lasting: Kept = openStorage(() => localStorage);

/** Ends with the tab. */
export const ofTab: Kept = openStorage(() => sessionStorage);
