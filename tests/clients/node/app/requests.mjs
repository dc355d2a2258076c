// What all clients need: the gateway and the key of the caller, and what was sent and came back.
import { createHash } from "node:crypto";

const [url, key, ...rest] = process.argv.slice(2);
export const endpoint = `${url}/graphql`;
export const headers = { authorization: `Bearer ${key}` };
export const words = rest;
export const sha256 = (text) => createHash("sha256").update(text).digest("hex");

const exchanges = [];

/** Fetch, and note what names the document, and how the gateway answers. */
export async function noted(address, options = {}) {
  const asked = new URL(address, endpoint);
  const body = options.body === undefined ? Object.fromEntries(asked.searchParams) : JSON.parse(options.body);
  const extensions = typeof body.extensions === "string" ? JSON.parse(body.extensions) : body.extensions;
  const response = await fetch(address, { ...options, headers: { ...options.headers, ...headers } });
  const answer = JSON.parse(await response.clone().text());
  exchanges.push({
    method: options.method ?? "GET",
    names: ["query", "documentId", "doc_id"].filter((name) => body[name]).concat(extensions?.persistedQuery ? ["persistedQuery"] : []),
    status: response.status,
    code: answer.errors?.[0].extensions.code ?? null,
  });
  return response;
}

/** Run questions one after the other, and print what they gave with what was sent. */
export async function report(...questions) {
  const results = [];
  for (const question of questions) {
    try {
      results.push(await question());
    } catch (error) {
      results.push({ error: error.errors?.[0].extensions?.code ?? `${error}` });
    }
  }
  console.log(JSON.stringify({ results, exchanges }));
  process.exit(0);
}
