// Pages in the place of a customer: nobody, several, erased, not shown.
import { useEffect, useState } from "preact/hooks";
import { askGateway, type Failure } from "../api/gateway";
import type { Region } from "../api/region";
import { CandidatesDocument, FindDocument, type CandidatesQuery, type FindQuery } from "../generated/operations";
import { text } from "../i18n/language";
import { followLink, navigateTo, pathOf } from "../navigation";
import { forgetRecent } from "../search/recent-customers";
import { Silence } from "../search/silence";
import { findOnly } from "../search/use-find";
import type { Identity } from "./header";
import { Loading, Unavailable } from "./states";

export function Lost({ id, viewer, identity }: { id: string; viewer: string; identity: Region<Identity> }) {
  const failure = identity.failures.find(({ path }) => path.length <= 1) ?? null;
  const code = failure?.code ?? null;
  useEffect(() => {
    if (code === "ERASED") forgetRecent(viewer, [id]);
  }, [code]);
  if (code === "AMBIGUOUS_IDENTITY") {
    return <Ambiguous ids={failure!.candidates} missing={failure!.missingSources} />;
  }
  if (code === "ERASED") return <Notice state="erased" title={text.lost.erased} words={text.lost.erasedSo} />;
  if (code === "FORBIDDEN") return <Notice state="forbidden" title={text.lost.forbidden} words={text.lost.forbiddenSo} />;
  if (code === "WITHHELD_PURPOSE") return <Notice state="hidden" title={text.lost.hidden} words={text.lost.hiddenSo} />;
  if (code !== null && code !== "INVALID_KEY") {
    return (
      <main id="content" class="lost" data-state="failed">
        <h1>{text.lost.failed}</h1>
        <Unavailable source={failure!.source} code={code} region={identity} />
        <Elsewhere />
      </main>
    );
  }
  return <NotFound id={id} viewer={viewer} />;
}

function Elsewhere() {
  return <p><a href="/" onClick={followLink}>{text.lost.search}</a></p>;
}

function Notice({ state, title, words }: { state: string; title: string; words: string }) {
  return (
    <main id="content" class="lost" data-state={state}>
      <h1>{title}</h1>
      <p>{words}</p>
      <Elsewhere />
    </main>
  );
}

/** Look for the id as any key: that of an order or a ticket leads to its customer. */
function NotFound({ id, viewer }: { id: string; viewer: string }) {
  const [result, setResult] = useState<FindQuery["find"] | null>(null);
  const [failures, setFailures] = useState<readonly Failure[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    askGateway(FindDocument, { text: id }, { signal: abort.signal }).then(
      ({ data, failures: refused }) => {
        setFailures(refused);
        const only = data ? findOnly(data.find) : null;
        if (only !== null && only !== id) navigateTo(pathOf(only), true);
        else setResult(data?.find ?? { matches: [], unavailable: [], notTried: [], tooShort: false });
        if (data && data.find.unavailable.length === 0) forgetRecent(viewer, [id]);
      },
      () => undefined, // gone before the answer
    );
    return () => abort.abort();
  }, [id]);
  const exact = result?.matches.filter((match) => match.exact) ?? [];
  if (exact.length > 1 || (exact.length === 1 && exact[0]!.customer.id !== id)) {
    return <Ambiguous ids={exact.map(({ customer }) => customer.id)} missing={result?.unavailable ?? []} />;
  }
  if (result === null) return <main id="content" class="lost" aria-busy="true"><Loading /></main>;
  const sure = failures.length === 0 && result.unavailable.length === 0 && result.notTried.length === 0;
  return (
    <main id="content" class="lost" data-state="not-found">
      <h1>{sure ? text.lost.title : text.lost.unsure}</h1>
      <p>{text.lost.tried}</p>
      <div class="finder-result"><Silence found={{ text: id, result: failures.length > 0 ? null : result, failures, cards: new Map() }} /></div>
      <Elsewhere />
    </main>
  );
}

type Candidate = NonNullable<CandidatesQuery["customers"][number]>;

function Ambiguous({ ids, missing }: { ids: readonly string[]; missing: readonly string[] }) {
  const [candidates, setCandidates] = useState<Candidate[]>([]);
  useEffect(() => {
    void askGateway(CandidatesDocument, { ids: [...ids] }).then(({ data }) =>
      setCandidates((data?.customers ?? []).filter((customer): customer is Candidate => customer !== null)),
    );
  }, [ids.join()]);
  return (
    <main id="content" class="lost" data-state="ambiguous">
      <h1>{text.lost.ambiguous}</h1>
      <p>{text.lost.ambiguousSo}</p>
      {missing.length > 0 && <p class="note grey">{text.state.missing(missing.join(", "))}</p>}
      <ul class="cards">
        {candidates.map((customer) => (
          <li key={customer.id}>
            <a href={pathOf(customer.id)} onClick={followLink}>
              <strong>{customer.name ?? customer.id}</strong>
              <span>{[customer.company?.name, customer.address?.city ?? customer.address?.country].filter(Boolean).join(" · ")}</span>
              <span>{customer.email}</span>
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
}
