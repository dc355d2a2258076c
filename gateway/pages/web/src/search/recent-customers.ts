// Customers that were opened lately: their ids alone, for one viewer.
import { lasting } from "../storage";

const MAX_RECENT = 8;
const keyOf = (viewer: string): string => `gateway.recent:${viewer}`;

export function readRecent(viewer: string): string[] {
  try {
    const kept: unknown = JSON.parse(lasting.getItem(keyOf(viewer)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id): id is string => typeof id === "string").slice(0, MAX_RECENT) : [];
  } catch {
    return [];
  }
}

export function noteRecent(viewer: string, id: string): void {
  writeRecent(viewer, [id, ...readRecent(viewer).filter((other) => other !== id)].slice(0, MAX_RECENT));
}

export function forgetRecent(viewer: string, ids: readonly string[]): void {
  writeRecent(viewer, readRecent(viewer).filter((id) => !ids.includes(id)));
}

function writeRecent(viewer: string, ids: string[]): void {
  if (ids.length === 0) lasting.removeItem(keyOf(viewer));
  else lasting.setItem(keyOf(viewer), JSON.stringify(ids));
}
