// The bar on top: the box, who looks, and for which purpose.
import { LANGUAGES, language, takeLanguage, text, type Language } from "../i18n/language";
import { followLink, type Place } from "../navigation";
import { Finder } from "../search/finder";

const NAMES: Record<Language, string> = { en: "English", zh: "中文" };

export function Bar({ place }: { place: Place }) {
  return (
    <header class="bar">
      <a class="brand" href="/" onClick={followLink} aria-label={text.product}>
        <Mark />
        <span>{text.product}</span>
      </a>
      {place.page === "search" ? <span class="grow" /> : <Finder form="bar" />}
      <select
        class="quiet"
        aria-label="Language"
        value={language}
        onChange={(event) => takeLanguage(event.currentTarget.value as Language)}
      >
        {LANGUAGES.map((each) => (
          <option key={each} value={each} lang={each}>{NAMES[each]}</option>
        ))}
      </select>
    </header>
  );
}

function Mark() {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      <circle cx="12" cy="9.5" r="3.2" />
      <path d="M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2" />
    </svg>
  );
}
