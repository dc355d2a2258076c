// Bundle a check. As Relay's plugins of bundlers do, a `graphql` text in Relay's file becomes what its compiler wrote.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const relay = {
  name: "relay",
  setup({ onLoad }) {
    onLoad({ filter: /\/relay\.tsx$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll(
        /graphql`\s*(?:query|fragment)\s+(\w+)[^`]*`/g,
        (_, name) => `require("./__generated__/${name}.graphql").default`,
      ),
      loader: "tsx",
    }));
  },
};
const [source, bundle] = process.argv.slice(2);
const define = { "process.env.NODE_ENV": '"production"' };
await build({
  entryPoints: [source], outfile: bundle, bundle: true, platform: "node", format: "esm", jsx: "automatic", plugins: [relay], define,
  external: ["happy-dom"], banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
