// The bar on top: the box, who looks, and for which purpose.
import type { ComponentChildren } from "preact";
import { LANGUAGES, language, takeLanguage, text, type Language } from "../i18n/language";
import { followLink, type Place } from "../navigation";
import { Nav } from "../reports/nav";
import { Finder } from "../search/finder";
import { useMedia } from "../customer/use-media";
import { tellOtherTabs } from "./other-tabs";
import { nameOf, type Looking } from "./use-viewer";

const NAMES: Record<Language, string> = { en: "English", zh: "中文" };

export interface BarProps {
  place: Place;
  looking: Looking;
  onPurpose: (purpose: string | null) => void;
  onSignedOut: () => void;
}

export function Bar({ place, looking, onPurpose, onSignedOut }: BarProps) {
  const signOut = async () => {
    try {
      await fetch("/session", { method: "DELETE", headers: { "x-csrf": "1" }, credentials: "same-origin", cache: "no-store" });
    } catch {
      // what is asked next says that the gateway cannot be reached
    }
    tellOtherTabs();
    onSignedOut();
  };
  const phone = useMedia("(max-width: 760px)");
  const own = (
    <>
      {looking.state === "ready" && <Nav place={place} viewer={looking.viewer} />}
      {looking.state === "ready" && (
        <div class="who">
          <span class="who-name" title={looking.viewer.caller ?? ""}>{whoLooks(looking)}</span>
          {looking.viewer.purposes.length > 0 && (
            <select
              class="quiet"
              aria-label={text.viewer.purpose}
              value={looking.purpose ?? ""}
              onChange={(event) => onPurpose(event.currentTarget.value || null)}
            >
              {!looking.viewer.needsPurpose && <option value="">{text.viewer.noPurpose}</option>}
              {looking.viewer.purposes.map(({ key }) => <option key={key} value={key}>{key}</option>)}
            </select>
          )}
          {looking.viewer.user?.startsWith("key:") && (
            <button type="button" class="quiet" onClick={signOut}>{text.viewer.signOut}</button>
          )}
        </div>
      )}
      <select
        class="quiet language"
        aria-label={text.viewer.language}
        value={language}
        onChange={(event) => takeLanguage(event.currentTarget.value as Language)}
      >
        {LANGUAGES.map((each) => (
          <option key={each} value={each} lang={each}>{NAMES[each]}</option>
        ))}
      </select>
    </>
  );
  return (
    <header class="bar">
      <a class="brand" href="/" onClick={followLink} aria-label={text.product}>
        <Mark />
        <span>{text.product}</span>
      </a>
      {looking.state === "ready" && place.page !== "search" ? <Finder key={`${nameOf(looking.viewer)}\n${looking.purpose}`} form="bar" /> : null}
      <span class="grow" />
      {phone ? <Menu key={`${placeKey(place)}\n${looking.state}`}>{own}</Menu> : own}
    </header>
  );
}

const placeKey = (place: Place): string => (place.page === "customer" ? place.id : place.page === "other" ? place.name : "");

/** What has no room on a phone's bar. */
function Menu({ children }: { children: ComponentChildren }) {
  const close = (event: KeyboardEvent) => {
    const menu = event.currentTarget as HTMLDetailsElement;
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  return (
    <details class="menu" onKeyDown={close}>
      <summary aria-label={text.viewer.menu}>
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M3 5.5h14M3 10h14M3 14.5h14" />
        </svg>
      </summary>
      <div class="menu-content">{children}</div>
    </details>
  );
}

function whoLooks({ viewer }: Extract<Looking, { state: "ready" }>): string {
  const user = viewer.user?.startsWith("key:") ? viewer.caller : viewer.user;
  return user ?? viewer.caller ?? text.viewer.anonymous;
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
