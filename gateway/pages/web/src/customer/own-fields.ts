// Fields of one's own that the settings add to the page. Their document is written here, as no other knows them.
import { useEffect, useState } from "preact/hooks";
import { askGateway } from "../api/gateway";
import { capitalize, writeValue, writeWords } from "../format/values";
import { TypedDocumentString } from "../generated/operations";

type OwnFields = { customer: Record<string, unknown> | null };

/** Ask for the fields, and give their names and values for people. */
export function useOwnFields(id: string, fields: readonly string[]): [string, string][] {
  const [rows, setRows] = useState<[string, string][]>([]);
  const names = fields.join(" ");
  useEffect(() => {
    if (names === "") return undefined;
    const document = new TypedDocumentString<OwnFields, { id: string }>(
      `query OwnFields($id: ID!) { customer(by: {id: $id}) { id ${names} } }`,
    );
    const abort = new AbortController();
    askGateway(document, { id }, { signal: abort.signal }).then(
      ({ data }) =>
        setRows(
          fields.flatMap((name): [string, string][] => {
            const value = writeValue(data?.customer?.[name]);
            return value === "" ? [] : [[capitalize(writeWords(name)), writeWords(value)]];
          }),
        ),
      () => undefined, // gone before the answer
    );
    return () => abort.abort();
  }, [id, names]);
  return rows;
}
