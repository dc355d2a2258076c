// The page asks for JSON only: GraphiQL's own fetcher also offers to read multipart answers.
async function fetcher(parameters, options) {
  const post = (headers) =>
    fetch(window.location.pathname, {
      method: "POST",
      headers: { ...options?.headers, ...headers, "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(parameters),
    });
  const response = await post({});
  // Who is known by a cookie or by a proxy says that the page is the gateway's own; who is anonymous need not.
  return (response.status === 403 ? await post({ "x-csrf": "1" }) : response).json();
}

const examples = JSON.parse(document.getElementById("examples").textContent);

// GraphiQL fills its first editors from what it keeps, not from the first tab's variables, and where the two differ
// the next visit opens one more tab.
if (examples.length && localStorage.getItem("graphiql:tabState") === null) {
  localStorage.setItem("graphiql:query", examples[0].query);
  localStorage.setItem("graphiql:variables", examples[0].variables);
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(
    GraphiQL,
    {
      fetcher,
      defaultTabs: examples.length ? examples : undefined,
      defaultEditorToolsVisibility: "variables",
      plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    },
    React.createElement(GraphiQL.Logo, null, "Profile Gateway"),
  ),
);
