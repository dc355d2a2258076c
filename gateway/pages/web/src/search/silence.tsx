// What a search did not say: whom it did not find, and what it could not ask.
import { text } from "../i18n/language";
import type { Found } from "./use-find";

export function Silence({ found }: { found: Found }) {
  const { result, failures } = found;
  if (result === null) {
    const code = failures[0]?.code ?? "UNKNOWN";
    return <p class="note grey" role="alert">{code === "OFFLINE" ? text.failure.offline : text.failure.other(code)}</p>;
  }
  if (result.tooShort) return <p class="note">{text.search.tooShort}</p>;
  const { matches, unavailable, notTried } = result;
  const complete = unavailable.length === 0 && notTried.length === 0;
  return (
    <div class="silence">
      {matches.length === 0 && (
        <p class="silence-nobody" role="status">
          <strong>{complete ? text.search.nobody : text.search.nobodyYet}</strong>{" "}
          {complete ? text.search.nobodySo : text.search.notAsked}
        </p>
      )}
      {unavailable.length > 0 && <p class="note grey">{text.search.unavailable(unavailable.join(", "))}</p>}
      {notTried.length > 0 && (
        <details class="note" open={matches.length === 0}>
          <summary>{text.search.notTried}: {[...new Set(notTried.map((one) => one.source))].join(", ")}</summary>
          <ul>
            {notTried.map((one) => (
              <li key={one.source + one.how}><b>{one.source}</b> {one.how}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
