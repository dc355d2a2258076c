// The first page: one box, and who was looked at lately.
import { useEffect, useState } from "preact/hooks";
import { askGateway } from "../api/gateway";
import { RecentCustomersDocument, type RecentCustomersQuery } from "../generated/operations";
import { text } from "../i18n/language";
import { followLink, navigateTo, pathOf, readFragment } from "../navigation";
import { Finder } from "./finder";
import { forgetRecent, readRecent } from "./recent-customers";

const CALLED_BY = ["phone", "email", "order", "ticket", "text"];

/** Read what a telephone system asks for by the fragment, which goes to no server, and take it out of the address. */
export function takeCall(): string | null {
  const words = readFragment();
  const name = CALLED_BY.find((known) => words.get(known));
  if (!name) return null;
  // A plus in an address means a blank in forms, and itself in numbers and in e-mail addresses, which have no blanks.
  const said = words.get(name)!;
  const value = name === "phone" ? said.replace(/^ (?=\d)/, "+") : name === "email" ? said.trim().replaceAll(" ", "+") : said;
  navigateTo("/", true);
  return value;
}

export function SearchPage({ viewer }: { viewer: string }) {
  const [call, setCall] = useState(takeCall);
  const [calls, setCalls] = useState(0);
  const [typed, setTyped] = useState(call ?? "");
  useEffect(() => {
    const follow = () => {
      const next = takeCall();
      if (next !== null) {
        setCall(next);
        setCalls((before) => before + 1); // the same number may call again
        setTyped(next);
      }
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return (
    <main id="content" class="search-page">
      <h1>{text.search.label}</h1>
      <Finder key={calls} form="page" initial={call ?? ""} opensExact={call !== null} onTyped={setTyped} />
      {typed.trim() === "" && (
        <>
          <p class="hint">
            {text.search.hint} <kbd>↑</kbd> <kbd>↓</kbd> {text.search.keys}
          </p>
          <Recent viewer={viewer} />
        </>
      )}
    </main>
  );
}

type RecentCustomer = NonNullable<RecentCustomersQuery["customers"][number]>;

/** Whoever cannot be asked for now stands there by the id. */
const UNNAMED = { name: null, address: null, company: null };

function Recent({ viewer }: { viewer: string }) {
  const [customers, setCustomers] = useState<RecentCustomer[]>([]);
  useEffect(() => {
    const ids = readRecent(viewer);
    if (ids.length === 0) return;
    void askGateway(RecentCustomersDocument, { ids }).then(({ data, failures }) => {
      const rows = data?.customers ?? [];
      // Who is not there any more is forgotten, but not because a source cannot be asked.
      const gone = ids.filter((_, place) => rows[place] === null && isGone(failures, place));
      forgetRecent(viewer, gone);
      setCustomers(ids.flatMap((id, place) => (gone.includes(id) ? [] : [rows[place] ?? { ...UNNAMED, id }])));
    });
  }, [viewer]);
  if (customers.length === 0) return null;
  const forget = () => {
    forgetRecent(viewer, readRecent(viewer));
    setCustomers([]);
  };
  return (
    <section class="recent" aria-labelledby="recent">
      <header>
        <h2 id="recent">{text.search.recent}</h2>
        <button type="button" class="quiet" onClick={forget}>{text.search.forget}</button>
      </header>
      <ul>
        {customers.map((customer) => (
          <li key={customer.id}>
            <a href={pathOf(customer.id)} onClick={followLink}>
              <strong>{customer.name ?? customer.id}</strong>
              <span>{[customer.company?.name, customer.address?.city ?? customer.address?.country].filter(Boolean).join(" · ")}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function isGone(failures: readonly { code: string; path: readonly (string | number)[] }[], place: number): boolean {
  const own = failures.filter(({ path }) => path[1] === place);
  return own.every(({ code }) => code === "ERASED");
}
