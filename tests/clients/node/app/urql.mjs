// urql with its exchange: `automatic`, `automatic-get`, or `documentId` of the trusted document that is named.
import { Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { endpoint, noted, report, words } from "./requests.mjs";

const [mode, documentId] = words;
const query = gql`query UrqlName($id: ID!) { customer(by: { id: $id }) { name } }`;
const named = { kind: "Document", definitions: [], documentId };
const exchange = persistedExchange({ preferGetForPersistedQueries: mode === "automatic-get" });

const ask = async () => {
  const exchanges = mode === "documentId" ? [fetchExchange] : [exchange, fetchExchange];
  const client = new Client({ url: endpoint, fetch: noted, exchanges, preferGetMethod: false });
  const result = await client.query(mode === "documentId" ? named : query, { id: "c1" }).toPromise();
  if (result.error) throw { errors: result.error.graphQLErrors };
  return result.data;
};

await report(ask, ask);
