// When a source may be asked again: once in ten seconds, whichever button of the page somebody presses for it.
import { useEffect, useState } from "preact/hooks";

const REST_MS = 10_000;
const STARTED = "gateway:rest";
const ends = new Map<string, number>();

/** Let these sources rest from now on. */
export function startRest(names: readonly string[]): void {
  for (const name of names) ends.set(name, Date.now() + REST_MS);
  dispatchEvent(new Event(STARTED));
}

/** Forget who rests: another caller has asked for nothing yet. */
export function endRests(): void {
  ends.clear();
  dispatchEvent(new Event(STARTED));
}

/** Give the seconds until all of these sources may be asked again, 0 for now. */
export function useRest(names: readonly string[]): number {
  const [, setNow] = useState(0);
  const left_s = Math.max(0, ...names.map((name) => Math.ceil(((ends.get(name) ?? 0) - Date.now()) / 1000)));
  useEffect(() => {
    const look = () => setNow(Date.now());
    addEventListener(STARTED, look);
    const timer = left_s > 0 ? setInterval(look, 1000) : undefined;
    return () => {
      removeEventListener(STARTED, look);
      clearInterval(timer);
    };
  }, [left_s > 0]);
  return left_s;
}
