// The language of the page: the viewer's, of those that have a catalogue.
import { keep, readKept } from "../browser-storage";
import { english } from "./english";
import { chinese } from "./chinese";
import type { Catalogue } from "./english";

const CATALOGUES = { en: english, zh: chinese } as const;
export type Language = keyof typeof CATALOGUES;
export const LANGUAGES = Object.keys(CATALOGUES) as Language[];

const CHOICE = "gateway.language";

function chooseLanguage(): Language {
  const chosen = readKept(CHOICE);
  for (const wanted of [chosen ?? "", ...navigator.languages]) {
    const language = wanted.split("-")[0] as Language;
    if (LANGUAGES.includes(language)) return language;
  }
  return "en";
}

export const language: Language = chooseLanguage();

/** The locale of dates and numbers: the viewer's own, where it is of the page's language. */
export const locale: string = navigator.languages.find((own) => own.split("-")[0] === language) ?? language;

export const text: Catalogue = CATALOGUES[language];

/** Take another language from the next load on. */
export function takeLanguage(chosen: Language): void {
  keep(CHOICE, chosen);
  location.reload();
}
