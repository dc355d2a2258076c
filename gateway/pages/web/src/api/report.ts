// What a page of figures is made of: one document, asked when the page opens, and again when somebody wants it so.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { TypedDocumentString } from "../generated/operations";
import { askGateway, type Failure } from "./gateway";

export interface Report<T> {
  loading: boolean;
  asking: boolean;
  data: T | null;
  failures: readonly Failure[];
  ask: () => void;
}

/** Ask a document, again when its variables change. What it gave stays until the next answer. */
export function useReport<T, V>(document: TypedDocumentString<T, V>, variables: V): Report<T> {
  const [answer, setAnswer] = useState<{ data: T | null; failures: readonly Failure[] } | null>(null);
  const [asking, setAsking] = useState(true);
  const abort = useRef<AbortController | null>(null);
  const key = JSON.stringify(variables);
  const ask = useCallback(async () => {
    abort.current?.abort();
    const own = new AbortController();
    abort.current = own;
    setAsking(true);
    try {
      const { data, failures } = await askGateway(document, variables, own.signal);
      setAnswer({ data, failures });
      setAsking(false);
    } catch (error) {
      if (!own.signal.aborted) throw error;
    }
  }, [document, key]);
  useEffect(() => {
    void ask();
    return () => abort.current?.abort();
  }, [ask]);
  return { loading: answer === null, asking, data: answer?.data ?? null, failures: answer?.failures ?? [], ask };
}
