// graphql-ws as its vendor documents it: two queries at once, one that is refused, and one over a credential that is nobody's.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const NAME = '{ customer(by: {id: "c1"}) { name } }';

function open(authorization) {
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { authorization } });
}

function ask(client, query) {
  return new Promise((resolve) => {
    const results = [];
    client.subscribe({ query }, {
      next: ({ data }) => results.push(data),
      error: (error) => resolve({ results, error: Array.isArray(error) ? error[0].extensions.code : error.code }),
      complete: () => resolve({ results }),
    });
  });
}

const client = open(`Bearer ${key}`);
const answers = await Promise.all([ask(client, NAME), ask(client, NAME), ask(client, "{ nothing }")]);
await client.dispose();
const nobody = await ask(open("Bearer nobody"), NAME);
process.stdout.write(JSON.stringify({ answers, nobody }));
