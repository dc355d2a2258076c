// Apollo Client with its persisted query link: `automatic`, `automatic-get`, or `manifest`.
import { readFileSync } from "node:fs";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core/index.js";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries/index.js";
import lists from "@apollo/persisted-query-lists";
import { endpoint, noted, report, sha256, words } from "./requests.mjs";

const loadManifest = () => JSON.parse(readFileSync("persisted/apollo.json", "utf8"));
const automatic = { sha256, useGETForHashedQueries: words[0] === "automatic-get" };
const manifest = words[0] === "manifest";
const query = gql(readFileSync("src/CustomerName.graphql", "utf8"));
const other = gql`query Other($id: ID!) { customer(by: { id: $id }) { phone } }`;

/** A new client, with a cache of its own. */
const client = (hashes) =>
  new ApolloClient({
    cache: new InMemoryCache({ possibleTypes: { Node: ["Customer"] } }),
    link: ApolloLink.from([
      ...(hashes ? [new PersistedQueryLink(manifest ? lists.generatePersistedQueryIdsFromManifest({ loadManifest }) : automatic)] : []),
      new HttpLink({ uri: endpoint, fetch: noted }),
    ]),
  });
const ask = (hashes, document) => async () => (await client(hashes).query({ query: document, variables: { id: "c1" } })).data;

await report(ask(true, query), ask(true, query), ask(!manifest, other));
