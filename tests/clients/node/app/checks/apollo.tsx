import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { email, endpoint, show, tell, until } from "./page";
import { newClient } from "../apollo";
import { Customer } from "../apollo-page";
import { CustomerVisits } from "../documents";

let requests = 0;
const counting: typeof fetch = (...words) => {
  requests += 1;
  return fetch(...words);
};
async function counted<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = requests;
  return [await work(), requests - before];
}
const link = new HttpLink({ uri: endpoint, fetch: counting });
const plain = (typePolicies = {}) => new ApolloClient({ link, cache: new InMemoryCache({ typePolicies }) } as never);
const told = () => newClient(endpoint, {}, counting);
const by = { email };
const results: Record<string, unknown> = {};

// The page: what is there, and more of it at a click, while a source is down.
const root = await show(<ApolloProvider client={told()}><Customer email={email} /></ApolloProvider>);
const rows = () => root.querySelectorAll("li").length;
await until(() => rows() === 10);
results.name = root.querySelector("h1")?.textContent;
results.late = await until(() => root.textContent?.includes("Not there at the moment"));
const pages = [rows()];
for (let button = root.querySelector("button"); button; button = root.querySelector("button")) {
  const before = rows();
  button.click();
  await until(() => rows() > before);
  pages.push(rows());
}
results.pages = pages;

// By default one source that is down costs the answer; with the setting, its own field.
const lost = await plain().query({ query: CustomerVisits, variables: { by } }).catch((error: unknown) => error);
results.lost = CombinedGraphQLErrors.is(lost);
const kept = await told().query({ query: CustomerVisits, variables: { by } });
results.kept = [kept.data?.customer?.id, kept.data?.customer?.events];
results.codes = CombinedGraphQLErrors.is(kept.error) && kept.error.errors.map((own) => own.extensions?.code);

// Pages by `nodes` take each other's place.
const nodes = gql`query ($by: CustomerKey!, $after: String) {
  customer(by: $by) { id orders(first: 10, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }
}`;
const paging = told().watchQuery({ query: nodes, variables: { by } });
const shown = () => (paging.getCurrentResult().data as any).customer.orders.nodes.length;
const counts: number[] = [];
paging.subscribe(() => {});
let last = (await until(() => paging.getCurrentResult().data)) as any;
for (counts.push(shown()); last.customer.orders.pageInfo.hasNextPage; counts.push(shown())) {
  last = (await paging.fetchMore({ variables: { after: last.customer.orders.pageInfo.endCursor } })).data;
}
results.nodes = Math.max(...counts);

// One customer by two keys, asked for once; without `id` he is not kept at all.
const named = gql`query ($by: CustomerKey!) { customer(by: $by) { id name } }`;
const client = told();
const first = (await client.query({ query: named, variables: { by } })).data as any;
results.again = (await counted(() => client.query({ query: named, variables: { by: { id: first.customer.id } } })))[1];
results.short = (await counted(() => client.query({ query: named, variables: { by: { id: "c00001" } } })))[1];
results.keys = Object.keys(client.cache.extract() as object).filter((key) => key.startsWith("Customer"));
const without = plain();
await without.query({ query: gql`query ($by: CustomerKey!) { customer(by: $by) { name } }`, variables: { by } });
results.withoutId = Object.keys(without.cache.extract() as object).filter((key) => key !== "__META");

// Two parts of a page with other fields of the same list, or of the sources.
async function feud(apollo: ApolloClient, one: string, other: string): Promise<number> {
  const before = requests;
  const queries = [one, other].map((fields) => gql(`query ($by: CustomerKey!) { customer(by: $by) { id ${fields} } }`));
  let complete = 0;
  const watched = queries.map((query) =>
    apollo.watchQuery({ query, variables: { by } }).subscribe(({ loading, dataState }) => {
      if (!loading && dataState === "complete") complete += 1;
    }),
  );
  await until(() => complete >= 2);
  await new Promise((done) => setTimeout(done, 1_000));
  watched.forEach((own) => own.unsubscribe());
  return requests - before;
}
const lists = ["orders(first: 3) { edges { cursor node { id } } }", "orders(first: 3) { totalCount }"] as const;
const sources = ["sources { name state }", "sources { name ageMs }"] as const;
results.feuds = [await feud(plain(), ...lists), await feud(plain(), ...sources)];
results.peace = [await feud(told(), ...lists), await feud(told(), ...sources)];

// A small query does not make the page forget which sources answered before.
const asked = told();
const told_ = gql`query ($by: CustomerKey!) { customer(by: $by) { id name sources { name } orders(first: 1) { edges { cursor node { id } } } } }`;
const less = gql`query ($by: CustomerKey!) { customer(by: $by) { id name sources { name } } }`;
await asked.query({ query: told_, variables: { by } });
await asked.query({ query: less, variables: { by }, fetchPolicy: "network-only" });
const seen = asked.readQuery<any>({ query: told_, variables: { by } });
results.sources = seen.customer.sources.map((own: { name: string }) => own.name).includes("orders");

// Tags of two customers.
const tags = gql`query ($ids: [ID!]!) { customers(ids: $ids) { id tags(keys: ["value_tier"]) { key value } } }`;
const ids = { query: tags, variables: { ids: ["crm:c00001", "crm:c00004"] } };
const values = (data: any) => data.customers.map((own: any) => own.tags[0]?.value ?? null);
const wrong = plain({ Tag: { keyFields: ["key"] } });
results.tags = [values((await told().query(ids)).data), values((await wrong.query(ids)).data)];
tell(results);
