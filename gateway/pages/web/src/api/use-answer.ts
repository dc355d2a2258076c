// The answer to one document, which is asked again when its variables change, and when somebody wants it so.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { TypedDocumentString } from "../generated/operations";
import { askGateway, type Answer } from "./gateway";

export interface Asked<T> {
  /** The last answer, and whether it is to the present variables; null before the first one. */
  answer: (Answer<T> & { isPresent: boolean }) | null;
  asking: boolean;
  /** Ask again, for what sources have now. */
  ask: () => void;
}

/** Ask a document. An answer that is not waited for any more is none. */
export function useAnswer<T, V>(document: TypedDocumentString<T, V>, variables: V): Asked<T> {
  const [answer, setAnswer] = useState<(Answer<T> & { of: string }) | null>(null);
  const [asking, setAsking] = useState(true);
  const abort = useRef<AbortController | null>(null);
  const key = JSON.stringify(variables);
  const load = useCallback(async (anew: boolean) => {
    abort.current?.abort();
    const own = new AbortController();
    abort.current = own;
    setAsking(true);
    try {
      const { data, failures } = await askGateway(document, variables, { signal: own.signal, anew });
      setAnswer({ of: key, data, failures });
      setAsking(false);
    } catch (error) {
      if (!own.signal.aborted) throw error;
    }
  }, [document, key]);
  useEffect(() => {
    void load(false);
    return () => abort.current?.abort();
  }, [load]);
  const ask = useCallback(() => void load(true), [load]);
  return { answer: answer && { ...answer, isPresent: answer.of === key }, asking, ask };
}
