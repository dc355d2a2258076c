// Runs the audit of GraphQL over HTTP against the address in the arguments, with a key if one is given, and prints what came of it.
import { serverAudits } from "graphql-http";

const [url, key] = process.argv.slice(2);
const fetchFn = (address, { headers, ...init } = {}) =>
  fetch(address, { ...init, headers: key ? { ...headers, authorization: `Bearer ${key}` } : headers });
const found = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason, response } = await audit.fn();
  found.push({ id, name, status, reason, body: response && !response.bodyUsed ? await response.text() : null });
}
console.log(JSON.stringify(found));
