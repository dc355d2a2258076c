// graphql-sse, with a connection for each operation (`distinct`) or one for all (`single`): each line is what it was told.
import { createClient } from "graphql-sse";

const [url, mode, key] = process.argv.slice(2);
const isSingle = mode === "single";
const client = createClient({
  url: `${url}/graphql/stream`,
  singleConnection: isSingle,
  lazy: !isSingle,
  onNonLazyError: () => {},
  headers: { authorization: `Bearer ${key}` },
  retryAttempts: 0,
});
const say = (line) => console.log(JSON.stringify(line));

async function ask(query, variables) {
  const results = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  return results;
}

const changed = {
  query: "subscription ($ids: [ID!]) { customerChanged(ids: $ids) { records customer { name } } }",
  variables: { ids: ["c1"] },
};

// A subscription that is left after two changes, and a query beside it.
let count = 0;
for await (const result of client.iterate(changed)) {
  say({ changed: result.data.customerChanged });
  if (++count === 2) break;
  say({ asked: await ask("query ($id: ID!) { customer(by: { id: $id }) { name } }", { id: "c1" }) });
}
say({ left: true });

// What does not validate: a result, or the status of the request, whose body the client does not give.
try {
  const [result] = await ask("{ nothing }");
  say({ refused: result.errors[0].extensions.code });
} catch (error) {
  say({ refused: error.response.status });
}

// One that goes on until the gateway ends.
for await (const result of client.iterate(changed)) say({ changed: result.data.customerChanged });
say({ complete: true });
process.exit(0);
