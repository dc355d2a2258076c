// The box: typing finds, arrows choose, Enter opens, Esc clears.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { text } from "../i18n/language";
import { navigateTo, opensElsewhere, pathOf } from "../navigation";
import { Candidate } from "./candidate";
import { Silence } from "./silence";
import { findOnly, useFind } from "./use-find";

export interface FinderProps {
  /** `page` is the box in the middle of its own page, `bar` the one on top of the others. */
  form: "page" | "bar";
  initial?: string;
  /** Open the one exact match by itself: somebody's telephone asks. */
  opensExact?: boolean;
  onTyped?: (typed: string) => void;
}

export function Finder({ form, initial = "", opensExact = false, onTyped }: FinderProps) {
  const [typed, setTyped] = useState(initial);
  const [active, setActive] = useState(0);
  const [open, setOpen] = useState(form === "page");
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const { found, busy, findNow } = useFind(typed);
  const matches = found?.result?.matches ?? [];
  const opens = useRef(opensExact);
  const enters = useRef(false);

  useEffect(() => setActive(0), [found?.text]);
  useEffect(() => {
    if (form === "page") input.current?.focus();
  }, [form]);
  useEffect(() => {
    if (opens.current && found?.result) {
      opens.current = false;
      const only = findOnly(found.result);
      if (only !== null) navigateTo(pathOf(only), true);
    }
    if (enters.current && found?.text === typed.trim()) {
      enters.current = false;
      if (found.result?.matches.length === 1) openMatch(0);
    }
  }, [found]);
  useEffect(() => {
    if (form !== "bar") return undefined;
    const jump = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) {
        event.preventDefault();
        input.current?.focus();
      }
    };
    addEventListener("keydown", jump);
    return () => removeEventListener("keydown", jump);
  }, [form]);

  const change = (value: string) => {
    opens.current = false; // what somebody types opens nothing by itself
    setTyped(value);
    setOpen(true);
    onTyped?.(value);
  };
  const openMatch = (place: number) => {
    const match = matches[place];
    if (!match) return;
    if (form === "bar") {
      change("");
      setOpen(false);
      input.current?.blur();
    }
    navigateTo(pathOf(match.customer.id));
  };
  const press = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (matches.length > 0) setActive((active + step + matches.length) % matches.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (found?.text === typed.trim() && !busy) openMatch(active);
      else {
        enters.current = true;
        findNow();
      }
    } else if (event.key === "Escape") {
      change("");
      setOpen(form === "page");
    }
  };
  const shows = open && typed.trim() !== "";
  const leave = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (form === "bar" && !(currentTarget as HTMLElement).contains(relatedTarget as Node | null)) setOpen(false);
  };
  return (
    <div class={`finder finder-${form}`} role="search" onFocusOut={leave}>
      <div class="finder-box">
        <SearchIcon />
        <input
          ref={input}
          type="text"
          inputMode="search"
          enterKeyHint="search"
          role="combobox"
          aria-label={text.search.label}
          aria-expanded={shows && matches.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={shows && matches.length > 0 ? `${list}-${active}` : undefined}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={form === "bar" ? text.search.label : text.search.placeholder}
          value={typed}
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={press}
          onFocus={() => setOpen(true)}
        />
        <span class={busy ? "spinner" : "spinner idle"} aria-hidden="true" />
        {form === "bar" && <kbd aria-hidden="true">/</kbd>}
      </div>
      <p class="unseen" role="status">
        {busy ? text.search.busy : shows && matches.length > 0 ? text.search.found(matches.length) : ""}
      </p>
      <div class="finder-result" hidden={!shows}>
        <div id={list} role="listbox" aria-label={text.search.label} hidden={matches.length === 0}>
          {matches.map((match, place) => (
            <a
              key={match.customer.id}
              id={`${list}-${place}`}
              href={pathOf(match.customer.id)}
              role="option"
              tabIndex={-1}
              aria-selected={place === active}
              onMouseDown={(event) => event.preventDefault()}
              onMouseMove={() => setActive(place)}
              onClick={(event) => {
                if (opensElsewhere(event)) return;
                event.preventDefault();
                openMatch(place);
              }}
            >
              <Candidate match={match} typed={found?.text ?? ""} card={found?.cards.get(match.customer.id)} />
            </a>
          ))}
        </div>
        {/* What was said of other words is not said of these. */}
        {shows && found?.text === typed.trim() && <Silence found={found} />}
      </div>
    </div>
  );
}

function SearchIcon() {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="9" cy="9" r="5.5" />
      <path d="m13.2 13.2 4 4" />
    </svg>
  );
}
