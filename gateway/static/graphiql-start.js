// The page asks for JSON only: GraphiQL's own fetcher also offers to read multipart answers.
async function ask(parameters, headers) {
  const response = await fetch(window.location.pathname, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(parameters),
  });
  return response.json();
}

// Who is signed in by a cookie has to say that a page of the gateway asks. The cookie cannot be seen from here.
async function fetcher(parameters, options) {
  const answer = await ask(parameters, options?.headers);
  const code = answer.errors?.[0].extensions?.code;
  return code === "CSRF_HEADER_MISSING" ? ask(parameters, { ...options?.headers, "x-csrf": "1" }) : answer;
}

const element = document.getElementById("examples");
const examples = JSON.parse(element.textContent);
const namesCallers = element.dataset.namesCallers === "true";

// A query in the address is shown in front of the examples, and waits for the button.
const asked = new URLSearchParams(window.location.search);
const askedVariables = parsed(asked.get("variables") ?? "");
const given = asked.has("query") && {
  query: asked.get("query"),
  variables: askedVariables ? JSON.stringify(askedVariables, null, 2) : (asked.get("variables") ?? ""),
};
const tabs = given ? [given, ...examples] : examples;

// GraphiQL fills its first editors from what it keeps, not from the first tab's variables, and where the two differ
// the next visit opens one more tab.
if (tabs.length && localStorage.getItem("graphiql:tabState") === null) {
  localStorage.setItem("graphiql:query", tabs[0].query);
  localStorage.setItem("graphiql:variables", tabs[0].variables);
}

function Editor() {
  // The operation that the address names is run while the document is that of the address.
  const [isNamed, setNamed] = React.useState(given && asked.has("operationName"));
  const named = isNamed ? asked.get("operationName") : undefined;
  return React.createElement(
    GraphiQL,
    {
      fetcher,
      ...(given || {}),
      operationName: named,
      onTabChange: ({ tabs, activeTabIndex }) => setNamed(tabs[activeTabIndex].query === given.query && asked.has("operationName")),
      onEditQuery: (query) => setNamed(query === given.query && asked.has("operationName")),
      defaultTabs: tabs.length ? tabs : undefined,
      defaultEditorToolsVisibility: "variables",
      plugins: [GraphiQLPluginExplorer.explorerPlugin()],
      toolbar: { additionalContent: React.createElement(CurlButton, { namesCallers, named }) },
    },
    React.createElement(GraphiQL.Logo, null, "Profile Gateway"),
  );
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(Editor));
