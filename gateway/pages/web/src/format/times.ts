// Times in the viewer's zone, in the words of the page's language.
import { locale } from "../i18n/language";

const DAY_MS = 86_400_000;
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const counted = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
const day = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric" });
const dayOfYear = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
const longDay = new Intl.DateTimeFormat(locale, { weekday: "long", month: "long", day: "numeric", year: "numeric" });
const month = new Intl.DateTimeFormat(locale, { year: "2-digit", month: "short" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

let pinned: string | null = null;

/** Tell times from a moment at which the gateway's clock stands; null where it runs. */
export function pinClock(moment: string | null): void {
  pinned = moment;
}

/** Give the present, as the gateway's figures have it. */
export const readClock = (): Date => new Date(pinned ?? Date.now());

export const viewerZone: string = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const formatDay = (time: string): string => write(day, time);
export const formatLongDay = (time: string): string => write(longDay, time);
export const formatClock = (time: string): string => write(clock, time);
export const formatMoment = (time: string): string => write(moment, time);

export const formatMonth = (time: Date): string => month.format(time);

/** Write a time; what is masked or hashed stays as it is. */
function write(format: Intl.DateTimeFormat, time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : format.format(date);
}

/** Write a day without its year, where that is the present one. */
export function formatShortDay(time: string, now: Date): string {
  return write(new Date(time).getFullYear() === now.getFullYear() ? dayOfYear : day, time);
}

/** Write a time of the day, with its day where that is another one. */
export function formatSince(time: string): string {
  return new Date(time).toDateString() === new Date().toDateString() ? formatClock(time) : formatMoment(time);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Up to this age the night between does not count: what was at eleven is not called yesterday at one. */
const SAME_DAY_MS = 6 * HOUR_MS;

/** Count days as the calendar of the viewer has them. */
const dayOf = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;

/** Say how long ago a time was, in its largest unit; yesterday is the day before, however many hours that is. */
export function formatAge(time: string, now: Date): string {
  const then = new Date(time);
  const passed = then.getTime() - now.getTime();
  if (Number.isNaN(passed)) return time;
  const days = dayOf(then) - dayOf(now);
  if (days === 0 || Math.abs(passed) < SAME_DAY_MS) {
    const hours = Math.round(passed / HOUR_MS);
    return hours === 0 ? relative.format(Math.round(passed / MINUTE_MS), "minute") : relative.format(hours, "hour");
  }
  const size = Math.abs(days);
  if (size < 45) return relative.format(days, "day");
  if (size < 550) return counted.format(Math.round(days / 30.4), "month");
  return counted.format(Math.round(days / 365.25), "year");
}
