// Relay's runtime over a network that reads `multipart/mixed`, as its documentation leaves to its users. It prints what is in
// the store of the customer, whenever that changes.
import relay from "relay-runtime";
import query from "./deferred/__generated__/PageQuery.graphql.js";

const [url] = process.argv.slice(2);
const accept = "multipart/mixed;deferSpec=20220824, application/json";

/** Give each payload of a response to a sink. */
async function read(response, sink) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    const pieces = text.split("\r\n---");
    text = pieces.pop();
    for (const piece of pieces.filter(Boolean)) {
      const payload = JSON.parse(piece.slice(piece.indexOf("\r\n\r\n") + 4));
      for (const part of payload.incremental ?? [payload]) sink.next({ ...part, extensions: { ...part.extensions, is_final: !payload.hasNext } });
    }
  }
  sink.complete();
}

const send = (parameters, variables) =>
  relay.Observable.create((sink) => {
    const body = JSON.stringify({ query: parameters.text, variables });
    const headers = { "content-type": "application/json", accept };
    fetch(`${url}/graphql`, { method: "POST", headers, body }).then((response) => read(response, sink)).catch(sink.error);
  });
const environment = new relay.Environment({ network: relay.Network.create(send), store: new relay.Store(new relay.RecordSource()) });

const shown = new Set();
function show() {
  const records = environment.getStore().getSource().toJSON();
  const customer = records["crm:c1"];
  const count = (name) => {
    const link = Object.entries(customer).find(([key]) => key.startsWith(`${name}(`))?.[1];
    return link ? records[link.__ref].totalCount : null;
  };
  const line = JSON.stringify({ name: customer.name, orders: count("orders"), tickets: count("tickets") });
  if (!shown.has(line)) console.log(line);
  shown.add(line);
}
relay.fetchQuery(environment, query, { id: "c1" }).subscribe({ next: show, complete: () => (show(), process.exit(0)), error: (error) => { throw error; } });
