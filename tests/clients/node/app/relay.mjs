// Relay's runtime over a network that sends the ids of its compiler.
import relay from "relay-runtime";
import query from "./relay/__generated__/CustomerQuery.graphql.js";
import { endpoint, noted, report } from "./requests.mjs";

const send = async (parameters, variables) => {
  const body = JSON.stringify({ doc_id: parameters.id, query: parameters.text, variables });
  const response = await noted(endpoint, { method: "POST", headers: { "content-type": "application/json" }, body });
  const answer = await response.json();
  if (!answer.data) throw answer;
  return answer;
};
const environment = new relay.Environment({ network: relay.Network.create(send), store: new relay.Store(new relay.RecordSource()) });
const ask = async () => {
  const data = await relay.fetchQuery(environment, query, { id: "c1" }).toPromise();
  const customer = environment.getStore().getSource().toJSON();
  return { name: data.customer.name, email: Object.values(customer).find((record) => record.email)?.email };
};

await report(ask);
