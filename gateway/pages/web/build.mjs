// Build the bundle: one script, one style sheet, and the texts of all documents.
import { writeFileSync } from "node:fs";
import { build } from "esbuild";

const bundle = process.argv[2] ?? new URL("../bundle/", import.meta.url).pathname;
const common = { bundle: true, format: "esm", target: ["es2022"], charset: "utf8", legalComments: "none", logLevel: "warning" };

await build({
  ...common,
  entryPoints: { app: "src/main.tsx" },
  outdir: bundle,
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
});

// The texts by operation, letter by letter as the script sends them: what lists of trusted documents take.
const documents = await build({ ...common, entryPoints: ["src/generated/operations.ts"], write: false });
const module = await import(`data:text/javascript,${encodeURIComponent(documents.outputFiles[0].text)}`);
const texts = {};
for (const [name, text] of Object.entries(module)) {
  if (name.endsWith("Document")) texts[name.slice(0, -"Document".length)] = String(text);
}
writeFileSync(`${bundle}/documents.json`, `${JSON.stringify(texts, null, 2)}\n`);
