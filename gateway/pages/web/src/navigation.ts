// The address of the page. A path names a page and an id; what is typed never stands in it.
import { useEffect, useState } from "preact/hooks";

export type Place =
  | { page: "search" }
  | { page: "customer"; id: string }
  | { page: "other"; name: string };

const MOVED = "gateway:moved";

/** Read the place that the address names. */
export function readPlace(): Place {
  const path = location.pathname;
  if (path === "/") return { page: "search" };
  return path.startsWith("/c/") ? { page: "customer", id: decodeId(path.slice(3)) } : { page: "other", name: path.slice(1) };
}

/** Read an id of an address. */
export function decodeId(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written; // no id that the gateway gave
  }
}

export function pathOf(id: string): string {
  return `/c/${encodeURIComponent(id).replaceAll("%3A", ":")}`;
}

/** Go to another address without loading the page again. */
export function navigateTo(path: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  dispatchEvent(new Event(MOVED));
}

/** Follow the address. */
export function usePlace(): Place {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const follow = () => setPlace(readPlace());
    addEventListener("popstate", follow);
    addEventListener(MOVED, follow);
    return () => {
      removeEventListener("popstate", follow);
      removeEventListener(MOVED, follow);
    };
  }, []);
  return place;
}

/** Tell whether a click on a link asks for a new tab or window. */
export function opensElsewhere(event: MouseEvent): boolean {
  return event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0;
}

/** Follow a link within the page, unless a new tab is asked for. */
export function followLink(event: MouseEvent): void {
  if (opensElsewhere(event)) return;
  const link = event.currentTarget as HTMLAnchorElement;
  event.preventDefault();
  navigateTo(link.getAttribute("href") ?? "/");
}

/** Read the fragment as words and values. */
export function readFragment(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/** Change words of the fragment in place; an empty value takes one out. */
export function writeFragment(changes: Record<string, string>): void {
  const words = readFragment();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") words.delete(name);
    else words.set(name, value);
  }
  const text = words.toString();
  navigateTo(location.pathname + (text ? `#${text}` : ""), true);
}
