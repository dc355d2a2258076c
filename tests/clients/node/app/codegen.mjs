// What graphql-codegen wrote of the documents, sent by their hashes: by urql's exchange, and as documentId.
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createJiti } from "jiti";
import { endpoint, noted, report } from "./requests.mjs";

const { CustomerNameDocument } = await createJiti(import.meta.url).import("./gql/graphql.ts");

const hashed = persistedExchange({ enforcePersistedQueries: true, generateHash: async (_, document) => document.__meta__.hash });
const byUrql = async () => {
  const client = new Client({ url: endpoint, fetch: noted, exchanges: [hashed, fetchExchange], preferGetMethod: false });
  return (await client.query(CustomerNameDocument, { id: "c1" }).toPromise()).data;
};
const byId = async () => {
  const body = JSON.stringify({ documentId: CustomerNameDocument.__meta__.hash, variables: { id: "c1" } });
  const response = await noted(endpoint, { method: "POST", headers: { "content-type": "application/json" }, body });
  return (await response.json()).data;
};

await report(byUrql, byId);
