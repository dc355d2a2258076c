// What a page of figures is made of: one document, asked when the page opens, and again when somebody wants it so.
import type { TypedDocumentString } from "../generated/operations";
import type { Failure } from "./gateway";
import { useAnswer } from "./use-answer";

export interface Report<T> {
  loading: boolean;
  asking: boolean;
  data: T | null;
  failures: readonly Failure[];
  ask: () => void;
}

/** Ask a document, again when its variables change. What it gave stays until the next answer. */
export function useReport<T, V>(document: TypedDocumentString<T, V>, variables: V): Report<T> {
  const { answer, asking, ask } = useAnswer(document, variables);
  return { loading: answer === null, asking, data: answer?.data ?? null, failures: answer?.failures ?? [], ask };
}
