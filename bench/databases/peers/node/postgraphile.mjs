// A peer: PostGraphile 5 with its usual preset and plain lists. Customers by ids are a field that its user adds.
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { TYPES, listOfCodec } from 'postgraphile/@dataplan/pg';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { extendSchema } from 'postgraphile/utils';

const customersByIds = extendSchema((build) => {
  const { sql } = build;
  const { customers } = build.input.pgRegistry.pgResources;
  return {
    typeDefs: 'extend type Query { customersByIds(ids: [String!]!): [Customer!] }',
    objects: {
      Query: {
        plans: {
          customersByIds(_, { $ids }) {
            const $customers = customers.find();
            $customers.where(sql`${$customers.alias}.id = any(${$customers.placeholder($ids, listOfCodec(TYPES.text))})`);
            return $customers;
          },
        },
      },
    },
  };
});

const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [customersByIds],
  pgServices: [makePgService({ connectionString: process.env.BENCH_DATABASE, schemas: ['public'] })],
  schema: { defaultBehavior: '-connection +list' },
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
});
const server = createServer();
await pgl.createServ(grafserv).addTo(server);
server.listen(Number(process.argv[2]), '127.0.0.1');
