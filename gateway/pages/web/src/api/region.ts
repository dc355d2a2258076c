// A part of a page that one document fills, by itself: it is shown when its answer comes.
import type { RecordType, SourceLineFragment, TypedDocumentString } from "../generated/operations";
import type { Failure } from "./gateway";
import { useAnswer } from "./use-answer";

export interface Region<C> {
  /** Whether its first answer is still awaited. */
  loading: boolean;
  /** Whether it is asked again, and shows what it had. */
  asking: boolean;
  customer: C | null;
  failures: readonly Failure[];
  sources: readonly SourceLineFragment[];
  ask: () => void;
}

interface About {
  customer: { sources: SourceLineFragment[] } | null;
}

/** Ask a document about a customer, again when its variables change. */
export function useRegion<T extends About, V>(
  document: TypedDocumentString<T, V>,
  variables: V,
): Region<NonNullable<T["customer"]>> {
  const { answer, asking, ask } = useAnswer(document, variables);
  const current = answer?.isPresent ? answer : null;
  const customer = (current?.data?.customer ?? null) as NonNullable<T["customer"]> | null;
  return {
    loading: current === null,
    asking,
    customer,
    failures: current?.failures ?? [],
    sources: customer?.sources ?? [],
    ask,
  };
}

/** Write a path without its places in lists: what is withheld is told once for all of them. */
const written = (path: readonly (string | number)[]): string => path.filter((part) => typeof part === "string").join(".");

/** Find why a field of the customer is null. What has no path speaks of the document, or of a field in lists. */
export function findFailure(failures: readonly Failure[], field: string): Failure | null {
  const wanted = `customer.${field}.`;
  return failures.find(({ path }) => path.length > 0 && wanted.startsWith(`${written(path)}.`)) ?? null;
}

/** Find why a region has no customer at all. */
export function findRefusal({ loading, customer, failures }: Region<unknown>): Failure | null {
  return loading || customer !== null ? null : (failures[0] ?? null);
}

/** Tell whether a field of records, or one of those around it, is withheld wherever it stands. */
export function isFieldWithheld(failures: readonly Failure[], field: string): boolean {
  return failures.some((failure) => isWithheld(failure) && (failure.field === field || failure.path.includes(field)));
}

export function isWithheld(failure: Failure | null): boolean {
  return failure !== null && (failure.code.startsWith("WITHHELD") || failure.code === "FORBIDDEN");
}

/** Name the sources that were asked for some records. */
export function namesFor(sources: readonly SourceLineFragment[], records: RecordType): string[] {
  return sources.flatMap(({ name, records: own }) => (name !== null && own.includes(records) ? [name] : []));
}

/** Find since when what is shown is, where it is of answers that were kept. */
export function staleSince(sources: readonly SourceLineFragment[], records: readonly RecordType[] | null = null): string | null {
  const times = sources.flatMap(({ state, asOf, records: own }) =>
    state === "STALE" && asOf !== null && (records === null || own.some((record) => records.includes(record))) ? [asOf] : [],
  );
  return times.sort()[0] ?? null;
}
