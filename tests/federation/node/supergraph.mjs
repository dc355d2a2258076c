// Compose the gateway's schema with two other subgraphs, and ask the supergraph, by the tools of one vendor.
// node supergraph.mjs VENDOR SDL_FILE compose [EXCLUDED_TAG...] | VENDOR SDL_FILE ask URL QUERY
import { readFileSync } from "node:fs";
import { composeServices as composeByApollo } from "@apollo/composition";
import { Supergraph } from "@apollo/federation-internals";
import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { buildHTTPExecutor } from "@graphql-tools/executor-http";
import { getStitchedSchemaFromSupergraphSdl } from "@graphql-tools/federation";
import {
  applyTagFilterOnSubgraphs,
  composeServices as composeByGuild,
  transformSupergraphToPublicSchema,
} from "@theguild/federation-composition";
import { buildSchema, execute, graphql, parse, print, printSchema, validate } from "graphql";

const [vendor, file, act, ...words] = process.argv.slice(2);
const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const others = { reviews: read("reviews.graphql"), letters: read("letters.graphql") };

const asked = [];
const reviews = [...Array(50).keys()].map((n) => ({
  id: `r${n}`,
  text: `Review ${n}`,
  price: { amount: "1.00", currency: "EUR" },
  author: { __typename: "Customer", id: `crm:c${n}` },
  order: { __typename: "Order", id: `orders:o${n}` },
}));
const letters = reviews.map((_, n) => ({ subject: `Letter ${n}`, to: { __typename: "Customer", email: `p${n}@example.com` } }));

// The other subgraphs, in this process, as a library of federation would serve them.
const served = Object.fromEntries(
  Object.entries(others).map(([name, sdl]) => {
    const own = sdl.replace(/^extend schema.*$/m, "").replace(/ @(key|shareable)(\(.*?\))?/g, "");
    const entities = "scalar _Any union _Entity = Customer extend type Query { _entities(representations: [_Any!]!): [_Entity]! }";
    return [name, buildSchema(`${own} ${entities}`)];
  }),
);
const roots = {
  reviews: {
    reviews,
    _entities: ({ representations }) =>
      representations.map((own) => ({ ...own, reviews: reviews.filter((review) => review.author.id === own.id) })),
  },
  letters: { letters },
};
const answer = (name, query, variables) =>
  graphql({ schema: served[name], source: query, rootValue: roots[name], variableValues: variables });

function compose(customers) {
  let services = Object.entries({ customers, ...others }).map(([name, sdl]) => ({
    name,
    url: name === "customers" && act === "ask" ? `${words[0]}/graphql` : `http://localhost/${name}`,
    typeDefs: parse(sdl),
  }));
  if (act === "compose" && words.length) {
    services = applyTagFilterOnSubgraphs(services, { include: new Set(), exclude: new Set(words) });
  }
  const composed = (vendor === "apollo" ? composeByApollo : composeByGuild)(services);
  if (composed.errors?.length) throw new Error(composed.errors.map((error) => error.message).join("\n"));
  return composed.supergraphSdl;
}

async function askApollo(supergraphSdl, query) {
  class Counted extends RemoteGraphQLDataSource {
    willSendRequest({ request }) {
      asked.push({ query: request.query, variables: request.variables });
    }
  }
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: { debug() {}, info() {}, warn() {}, error: console.error },
    buildService: ({ name, url }) =>
      name === "customers"
        ? new Counted({ url })
        : { process: ({ request }) => answer(name, request.query, request.variables) },
  });
  const { executor, schema } = await gateway.load();
  const document = parse(query);
  const wrong = validate(schema, document);
  if (wrong.length) return { errors: wrong };
  const cache = { get: async () => undefined, set: async () => {}, delete: async () => {} };
  const request = { query, variables: {}, http: undefined };
  return executor({ document, request, schema, queryHash: "q", context: {}, cache, metrics: {}, operationName: null });
}

async function askGuild(supergraphSdl, query) {
  const schema = getStitchedSchemaFromSupergraphSdl({
    supergraphSdl,
    batch: true,
    onSubschemaConfig(config) {
      const name = config.name.toLowerCase();
      const ask = config.executor ?? buildHTTPExecutor({ endpoint: config.endpoint });
      config.executor = (request) => {
        if (name !== "customers") return answer(name, print(request.document), request.variables);
        asked.push({ query: print(request.document), variables: request.variables });
        return ask(request);
      };
    },
  });
  return execute({ schema, document: parse(query) });
}

const supergraph = compose(readFileSync(file, "utf8"));
let told;
if (act === "compose") {
  const shown =
    vendor === "apollo"
      ? printSchema(Supergraph.build(supergraph).apiSchema().toGraphQLJSSchema())
      : print(transformSupergraphToPublicSchema(parse(supergraph)));
  told = { supergraph, shown };
} else {
  const { data, errors } = await (vendor === "apollo" ? askApollo : askGuild)(supergraph, words[1]);
  told = { data, errors: errors?.map(({ message, path, extensions }) => ({ message, path, extensions })), asked };
}
process.stdout.write(JSON.stringify(told), () => process.exit(0));
