// Customers that were opened lately: their ids alone, for one viewer.
import { keep, readKept } from "../browser-storage";

const MAX_RECENT = 8;
const keyOf = (viewer: string): string => `gateway.recent:${viewer}`;

export function readRecent(viewer: string): string[] {
  try {
    const kept: unknown = JSON.parse(readKept(keyOf(viewer)) ?? "[]");
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
  keep(keyOf(viewer), ids.length === 0 ? null : JSON.stringify(ids));
}
