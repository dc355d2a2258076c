// Writes the TypeScript of a schema, which comes in on the input.
import { codegen } from "@graphql-codegen/core";
import * as typescript from "@graphql-codegen/typescript";
import { buildSchema, parse } from "graphql";
import { text } from "node:stream/consumers";

const sdl = await text(process.stdin);
const written = await codegen({
  schema: parse(sdl),
  schemaAst: buildSchema(sdl),
  documents: [],
  filename: "schema.ts",
  config: {},
  plugins: [{ typescript: {} }],
  pluginMap: { typescript },
});
process.stdout.write(written);
