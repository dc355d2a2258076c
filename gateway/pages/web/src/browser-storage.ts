// What this browser keeps: choices and ids. Where it keeps nothing, pages work without; in a frame of a desk it keeps nothing.
import { isFramed } from "./embed/frame";

/** Read a text that is kept, for good or for this tab. */
export function readKept(key: string, where: "local" | "session" = "local"): string | null {
  if (isFramed) return null;
  try {
    return storageOf(where).getItem(key);
  } catch {
    return null;
  }
}

/** Keep a text, or forget it where it is null. */
export function keep(key: string, value: string | null, where: "local" | "session" = "local"): void {
  if (isFramed) return;
  try {
    if (value === null) storageOf(where).removeItem(key);
    else storageOf(where).setItem(key, value);
  } catch {
    // the browser allows none, or it is full
  }
}

const storageOf = (where: "local" | "session"): Storage => (where === "local" ? localStorage : sessionStorage);
