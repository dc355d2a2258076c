// The last hour minute by minute, also those without a call.
export interface Minute {
  at: string;
  calls: number;
  failed: number;
  p50: number | null;
  p95: number | null;
}

interface Counted {
  at: string;
  calls: number;
  failed: number;
  latencyP50Ms: number | null;
  latencyP95Ms: number | null;
}

const MINUTE_MS = 60_000;
const FEWEST = 10;
const MOST = 61;

/** Put the minutes with calls in their places, from the first of them until now, and ten of them at least. */
export function fillMinutes(counted: readonly Counted[], now: string): Minute[] {
  const first = counted[0];
  if (first === undefined) return [];
  const past = Math.max(FEWEST - 1, Math.floor((Date.parse(now) - Date.parse(first.at)) / MINUTE_MS));
  const begin = Math.floor(Date.parse(now) / MINUTE_MS - past) * MINUTE_MS;
  const count = Math.min(MOST, past + 1);
  const minutes: Minute[] = Array.from({ length: count }, (_, place) => ({
    at: new Date(begin + place * MINUTE_MS).toISOString(),
    calls: 0,
    failed: 0,
    p50: null,
    p95: null,
  }));
  for (const { at, calls, failed, latencyP50Ms, latencyP95Ms } of counted) {
    const minute = minutes[Math.round((Date.parse(at) - begin) / MINUTE_MS)];
    if (minute !== undefined) Object.assign(minute, { calls, failed, p50: latencyP50Ms, p95: latencyP95Ms });
  }
  return minutes;
}
