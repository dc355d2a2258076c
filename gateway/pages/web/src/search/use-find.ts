// Ask who may be meant, while somebody types.
import { useEffect, useRef, useState } from "preact/hooks";
import { askGateway, type Failure } from "../api/gateway";
import { FindDocument, FoundCardsDocument, type FindQuery, type FoundCardsQuery } from "../generated/operations";

export type Match = FindQuery["find"]["matches"][number];
export type Card = NonNullable<FoundCardsQuery["customers"][number]>;

export interface Found {
  text: string;
  result: FindQuery["find"] | null;
  failures: readonly Failure[];
  cards: ReadonlyMap<string, Card>;
}

const PAUSE_MS = 160;

/** Name the one customer who is meant exactly; null where a source that could not be asked may know another one. */
export function findOnly({ matches, unavailable }: FindQuery["find"]): string | null {
  const [only, ...others] = matches.filter((match) => match.exact);
  return only !== undefined && others.length === 0 && unavailable.length === 0 ? only.customer.id : null;
}

/** Find customers by a text, after a short pause; what they lately bought and asked follows. */
export function useFind(typed: string): { found: Found | null; busy: boolean; findNow: () => void } {
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const [turn, setTurn] = useState(0);
  const atOnce = useRef(false);
  const text = typed.trim();
  useEffect(() => {
    if (text === "") {
      setFound(null);
      setBusy(false);
      return undefined;
    }
    setBusy(true);
    const abort = new AbortController();
    const timer = setTimeout(
      async () => {
        try {
          const first = await askGateway(FindDocument, { text }, { signal: abort.signal });
          if (abort.signal.aborted) return;
          const result = first.data?.find ?? null;
          setFound({ text, result, failures: first.failures, cards: new Map() });
          setBusy(false);
          const ids = result?.matches.map((match) => match.customer.id) ?? [];
          if (ids.length === 0) return;
          const more = await askGateway(FoundCardsDocument, { ids }, { signal: abort.signal });
          if (abort.signal.aborted) return;
          const cards = new Map((more.data?.customers ?? []).flatMap((card) => (card ? [[card.id, card] as const] : [])));
          setFound({ text, result, failures: first.failures, cards });
        } catch (error) {
          if (!abort.signal.aborted) throw error;
        }
      },
      atOnce.current ? 0 : PAUSE_MS,
    );
    atOnce.current = false;
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, turn]);
  const findNow = () => {
    atOnce.current = true;
    setTurn((before) => before + 1);
  };
  return { found, busy, findNow };
}
