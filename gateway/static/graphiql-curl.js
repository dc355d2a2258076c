// What is in the editors as a command, for a toolbar button. No value of a header leaves that may be a credential.
const SHOWN_HEADERS = ["x-purpose", "x-deadline-ms", "x-cost"];

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function readEditor(selector, number = 0) {
  return document.querySelectorAll(`${selector} .CodeMirror`)[number]?.CodeMirror.getValue().trim() ?? "";
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The headers of the command: those that hold nothing secret as they are, the others with a variable of the shell. */
function headersOf(given, namesCallers) {
  const headers = Object.entries(given ?? {}).filter(([name]) => /^[A-Za-z0-9-]+$/.test(name));
  const words = headers.map(([name, value]) => {
    const lower = name.toLowerCase();
    if (lower === "authorization") return `"authorization: Bearer $GATEWAY_KEY"`;
    if (SHOWN_HEADERS.includes(lower)) return quoted(`${lower}: ${value}`);
    return `"${lower}: $${lower.toUpperCase().replaceAll("-", "_")}"`;
  });
  const isNamed = headers.some(([name]) => name.toLowerCase() === "authorization");
  return isNamed || !namesCallers ? words : [`"authorization: Bearer $GATEWAY_KEY"`, ...words];
}

function curlCommand(namesCallers, named) {
  const query = readEditor(".graphiql-query-editor");
  const asked = { query };
  const variables = parsed(readEditor(".graphiql-editor-tool", 0));
  if (variables && Object.keys(variables).length) asked.variables = variables;
  const operationName = named ?? localStorage.getItem("graphiql:operationName");
  const names = [...query.matchAll(/^\s*(?:query|mutation)\s+(\w+)/gm)].map((match) => match[1]);
  if (names.length > 1 && names.includes(operationName)) asked.operationName = operationName;
  const headers = headersOf(parsed(readEditor(".graphiql-editor-tool", 1)), namesCallers);
  return [
    `curl -sS ${quoted(window.location.origin + window.location.pathname)}`,
    ...["'content-type: application/json'", ...headers].map((header) => `  -H ${header}`),
    `  --data-binary ${quoted(JSON.stringify(asked))}`,
  ].join(" \\\n");
}

/** Copy a text, also where the page came over plain HTTP and has no clipboard of its own. */
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}

function CurlButton({ namesCallers, named }) {
  const [told, setTold] = React.useState("curl");
  const copy = async () => {
    const done = await copyText(curlCommand(namesCallers, named)).then(() => "copied", () => "failed");
    setTold(done);
    setTimeout(() => setTold("curl"), 1500);
  };
  const label = "Copy as curl, without credentials";
  const words = { type: "button", className: "graphiql-un-styled graphiql-toolbar-button curl-button" };
  return React.createElement("button", { ...words, title: label, "aria-label": label, onClick: copy }, told);
}
