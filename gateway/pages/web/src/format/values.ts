// Amounts, names of places and other values, in the page's language.
import { locale } from "../i18n/language";

export interface Amount {
  amount: string;
  currency: string;
}

/** Write an amount in its currency, all of its digits from its text. */
export function formatMoney({ amount, currency }: Amount): string {
  const plain = `${amount} ${currency}`;
  const digits = amount.match(/^-?\d+(?:\.(\d*?)0*)?$/);
  if (!digits) return plain;
  try {
    const usual = new Intl.NumberFormat(locale, { style: "currency", currency });
    const fraction = digits[1]?.length ?? 0;
    const format =
      fraction <= (usual.resolvedOptions().maximumFractionDigits ?? 0)
        ? usual
        : new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: fraction });
    return format.format(amount as unknown as number); // a text is formatted exactly, which its type does not know
  } catch {
    return plain;
  }
}

export const formatNumber = (value: number): string => new Intl.NumberFormat(locale).format(value);
export const formatShare = (value: number): string => new Intl.NumberFormat(locale, { style: "percent" }).format(value);

const regions = new Intl.DisplayNames(locale, { type: "region", fallback: "code" });
const languages = new Intl.DisplayNames(locale, { type: "language", fallback: "code" });

export function nameCountry(code: string): string {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

export function nameLanguage(tag: string): string {
  try {
    return languages.of(tag.split(/[-_]/)[0]!) ?? tag;
  } catch {
    return tag;
  }
}

/** Make a name of a program readable: `page_view`, `jobTitle`, `WITHIN_7_DAYS`. */
export function writeWords(name: string): string {
  const words = name.replace(/_+/g, " ").replace(/(?<=\p{L})-(?=\p{L})/gu, " ").trim();
  if (/\p{Ll}\p{Lu}/u.test(words)) return words.replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2").toLowerCase();
  return /^[\p{Lu}\d ]+$/u.test(words) && words.length > 3 ? words.toLowerCase() : words;
}

/** Begin with a capital letter, where the script has them. */
export function capitalize(words: string): string {
  return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
}

/** Write any value of an answer in one line. */
export function writeValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return formatNumber(value);
  if (Array.isArray(value)) return value.map(writeValue).join(", ");
  if (typeof value === "object") return Object.values(value).filter((part) => part !== null).map(writeValue).join(", ");
  return String(value);
}

/** Say what the clock shows in a country, where all of it has one. */
export function clockIn(country: string, now: Date): string | null {
  if (!/^[A-Z]{2}$/.test(country)) return null; // masked or hashed
  const place = new Intl.Locale("und", { region: country }) as Intl.Locale & { getTimeZones?: () => string[]; timeZones?: string[] };
  const zones = place.getTimeZones?.() ?? place.timeZones ?? [];
  const shown = new Set(
    zones.map((timeZone) => new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone }).format(now)),
  );
  return shown.size === 1 ? [...shown][0]! : null;
}

/** Take up to two letters that stand for a name. */
export function initialsOf(name: string): string {
  const letters = [...name.matchAll(/[\p{L}\p{N}]+/gu)].map(([word]) => [...word][0]!);
  if (letters.length === 0) return "?";
  return letters.length === 1 ? letters[0]! : (letters[0]! + letters.at(-1)!).toUpperCase();
}
