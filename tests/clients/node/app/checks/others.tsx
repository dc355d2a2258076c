import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Provider } from "urql";
import { email, endpoint, show, tell, until } from "./page";
import * as relay from "../relay";
import * as tanstack from "../tanstack";
import * as urql from "../urql";

const results: Record<string, unknown> = {};
const settled = (root: HTMLElement) => until(() => !root.textContent?.includes("on their way") && root.textContent);

results.urql = await settled(await show(
  <Provider value={urql.newClient(endpoint)}><urql.Visits email={email} /></Provider>,
));
results.tanstack = await settled(await show(
  <QueryClientProvider client={new QueryClient()}>
    <tanstack.Visits request={tanstack.newRequest(endpoint)} email={email} />
  </QueryClientProvider>,
));

const environment = relay.newEnvironment(endpoint);
const root = await show(<relay.Customer environment={environment} email={email} />);
const rows = () => root.querySelectorAll("li").length;
await until(() => rows() === 10);
const pages = [rows()];
for (let button = root.querySelector("button"); button; button = root.querySelector("button")) {
  const before = rows();
  button.click();
  await until(() => rows() > before);
  pages.push(rows());
}
results.relay = [root.querySelector("h1")?.textContent, root.querySelector("p")?.textContent, pages];
results.keys = Object.keys(environment.getStore().getSource().toJSON()).filter((key) => /^(Customer:|Order:)[^:]+:[^:]+$/.test(key)).slice(0, 2);
tell(results);
