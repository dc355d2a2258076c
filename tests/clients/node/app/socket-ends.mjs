// graphql-ws over the end of a gateway: changes until then, and queries from the one that comes in its place.
// Each line that it writes says what has happened.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query] = process.argv.slice(2);
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  lazy: false,
  retryAttempts: 1000,
  shouldRetry: () => true, // also while nobody listens
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  on: { connected: () => tell("connected"), closed: ({ code }) => tell(["closed", code]) },
});
for await (const { data } of client.iterate({ query })) tell(data.customerChanged);
tell("over");
for await (const { data } of client.iterate({ query: '{ customer(by: {id: "c1"}) { name } }' })) tell(data);
await client.dispose();
