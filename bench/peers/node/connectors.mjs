// How the Node peers ask the sources (connection pools of undici), and the schema and resolvers that they share.
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { Pool } from 'undici';

const PATHS = {
  crm: '/crm/customers',
  orders: '/orders/by-customer',
  tickets: '/support/by-customer',
  events: '/behaviour/events',
};

const pools = Object.fromEntries(
  Object.keys(PATHS).map((kind) => [
    kind,
    new Pool(process.env[`BENCH_${kind.toUpperCase()}`], { connections: 64, pipelining: 1 }),
  ]),
);

async function rows(kind, query) {
  const answer = await pools[kind].request({ path: `${PATHS[kind]}?${query}`, method: 'GET' });
  if (answer.statusCode !== 200) throw new Error(`the source answered ${answer.statusCode}`);
  return answer.body.json();
}

const customers = (ids) => rows('crm', `ids=${ids.join(',')}`);

async function lists(kind, ids, limit) {
  const found = await rows(kind, `ids=${ids.join(',')}&limit=${limit}`);
  return found.map((row) => row[kind]);
}

// A key is {id, first}; as a rule all of one request have the same `first`.
const pages = (kind) =>
  new DataLoader(
    async (keys) => {
      const limits = new Map();
      for (const { id, first } of keys) {
        const ids = limits.get(first);
        if (ids) ids.push(id);
        else limits.set(first, [id]);
      }
      if (limits.size === 1) return lists(kind, keys.map((key) => key.id), keys[0].first);
      const found = new Map();
      await Promise.all(
        [...limits].map(async ([first, ids]) => {
          (await lists(kind, ids, first)).forEach((list, place) => found.set(`${ids[place]}/${first}`, list));
        }),
      );
      return keys.map((key) => found.get(`${key.id}/${key.first}`));
    },
    { cacheKeyFn: (key) => `${key.id}/${key.first}` },
  );

export const makeLoaders = () => ({
  customer: new DataLoader(customers),
  orders: pages('orders'),
  tickets: pages('tickets'),
  events: pages('events'),
});

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');

export const resolvers = {
  Query: {
    customer: (_, { id }, { loaders }) => loaders.customer.load(id),
    customers: (_, { ids }, { loaders }) => loaders.customer.loadMany(ids),
  },
  Customer: {
    name: (row) => row.full_name,
    lifecycleStage: (row) => row.lifecycle_stage,
    orders: (row, { first }, { loaders }) => loaders.orders.load({ id: row.id, first }),
    tickets: (row, { first }, { loaders }) => loaders.tickets.load({ id: row.id, first }),
    recentEvents: (row, { first }, { loaders }) => loaders.events.load({ id: row.id, first }),
  },
  Order: { id: (row) => row.order_id, placedAt: (row) => row.placed_at },
  OrderItem: { unitPrice: (row) => row.unit_price },
  Ticket: { id: (row) => row.ticket_id, createdAt: (row) => row.created_at },
  Message: { createdAt: (row) => row.created_at },
};

export const port = Number(process.argv[2]);
