// Clients that defer a part of a query: each prints what it has of the customer, whenever that changes.
import { ApolloClient, gql as apollo, HttpLink, InMemoryCache } from "@apollo/client/core/index.js";
import { Defer20220824Handler } from "@apollo/client/incremental/index.js";
import { GraphQL17Alpha9Handler } from "@apollo/client/incremental/index.js";
import { Client, fetchExchange, gql as urql } from "@urql/core";

const [url, client] = process.argv.slice(2);
const uri = `${url}/graphql`;
const text = `query Page($id: ID!) {
  customer(by: { id: $id }) {
    id
    name
    ... on Customer @defer(label: "orders") { orders(first: 1) { totalCount } }
    ... on Customer @defer(label: "tickets") { tickets(first: 1) { totalCount } }
  }
}`;
const variables = { id: "c1" };

/** Print a state once, and end with the last one. */
const shown = new Set();
function show(customer, isDone) {
  const { name, orders, tickets } = customer;
  const line = JSON.stringify({ name, orders: orders?.totalCount ?? null, tickets: tickets?.totalCount ?? null });
  if (!shown.has(line)) console.log(line);
  shown.add(line);
  if (isDone) process.exit(0);
}

if (client === "urql") {
  const own = new Client({ url: uri, exchanges: [fetchExchange], preferGetMethod: false });
  own.query(urql(text), variables).subscribe((result) => {
    if (result.error) throw result.error;
    show(result.data.customer, !result.hasNext);
  });
} else {
  const incrementalHandler = client === "apollo-2022" ? new Defer20220824Handler() : new GraphQL17Alpha9Handler();
  const own = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri }), incrementalHandler });
  own.watchQuery({ query: apollo(text), variables }).subscribe((result) => {
    if (result.error) throw result.error;
    if (result.data?.customer) show(result.data.customer, !result.loading && result.dataState === "complete");
  });
}
