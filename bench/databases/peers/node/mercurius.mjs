// A peer: Mercurius with its just-in-time compiler, a data loader for each relation, and prepared statements of pg.
import DataLoader from 'dataloader';
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const TIMESTAMPTZ = 1184;
pg.types.setTypeParser(TIMESTAMPTZ, (text) => `${text.slice(0, 10)}T${text.slice(11, 19)}Z`); // the server speaks UTC
const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE });

const CUSTOMER = `SELECT id, name, email, phone, member_number AS "memberNumber", address_line AS line,
  postal_code AS "postalCode", city, country FROM customers`;
const newestOf = (columns, table, time) => `SELECT newest.* FROM unnest($1::text[]) AS key CROSS JOIN LATERAL (
  SELECT customer_id AS parent, ${columns} FROM ${table} WHERE customer_id = key ORDER BY ${time} DESC, id DESC LIMIT $2) newest`;
const STATEMENTS = {
  customers: `${CUSTOMER} WHERE id = ANY($1::text[])`,
  byEmail: `${CUSTOMER} WHERE email = ANY($1::text[])`,
  orders: newestOf('id, status, total, currency, placed_at AS "placedAt"', 'orders', 'placed_at'),
  tickets: newestOf('id, subject, status, priority, created_at AS "createdAt"', 'tickets', 'created_at'),
  events: newestOf('type, page, at', 'events', 'events.at'),
  items: `SELECT order_id AS parent, sku, name, quantity, unit_price AS "unitPrice" FROM order_items
    WHERE order_id = ANY($1::text[]) ORDER BY order_id, position`,
  messages: `SELECT ticket_id AS parent, author, body, at FROM messages
    WHERE ticket_id = ANY($1::text[]) ORDER BY ticket_id, position`,
  statistics: `SELECT customer_id AS parent, count(*)::int, sum(total) AS total, min(currency) AS currency,
    min(placed_at) AS "firstAt", max(placed_at) AS "lastAt" FROM orders
    WHERE customer_id = ANY($1::text[]) AND status <> 'CANCELLED' GROUP BY 1`,
};

const ask = async (name, values) => (await pool.query({ name, text: STATEMENTS[name], values })).rows;

const unique = (name, key) =>
  new DataLoader(async (keys) => {
    const found = new Map((await ask(name, [keys])).map((row) => [row[key], row]));
    return keys.map((one) => found.get(one) ?? null);
  });

const grouped = (keys, rows) => {
  const found = new Map(keys.map((key) => [key, []]));
  for (const row of rows) found.get(row.parent).push(row);
  return keys.map((key) => found.get(key));
};

const children = (name) => new DataLoader(async (keys) => grouped(keys, await ask(name, [keys])));

// A key is {id, first}; all of these queries have the same `first` for all customers.
const pages = (name) =>
  new DataLoader(
    async (keys) => {
      const ids = keys.map((key) => key.id);
      return grouped(ids, await ask(name, [ids, keys[0].first]));
    },
    { cacheKeyFn: (key) => `${key.id}/${key.first}` },
  );

const makeLoaders = () => ({
  customers: unique('customers', 'id'),
  byEmail: unique('byEmail', 'email'),
  statistics: unique('statistics', 'parent'),
  orders: pages('orders'),
  tickets: pages('tickets'),
  events: pages('events'),
  items: children('items'),
  messages: children('messages'),
});

const schema = `
  type Item { sku: String! name: String! quantity: Int! unitPrice: String! }
  type Order { id: ID! status: String! total: String! currency: String! placedAt: String! items: [Item!]! }
  type Message { author: String! body: String! at: String! }
  type Ticket { id: ID! subject: String! status: String! priority: String! createdAt: String! messages: [Message!]! }
  type Event { type: String! page: String! at: String! }
  type Address { line: String! postalCode: String! city: String! country: String! }
  type OrderStatistics { count: Int! total: String! currency: String firstAt: String lastAt: String }
  type Customer {
    id: ID! name: String! email: String! phone: String! memberNumber: String! address: Address! orderStatistics: OrderStatistics
    orders(first: Int = 20): [Order!]! tickets(first: Int = 10): [Ticket!]! events(first: Int = 20): [Event!]!
  }
  type Query { customer(id: ID!): Customer customerByEmail(email: String!): Customer customers(ids: [ID!]!): [Customer]! }`;

const resolvers = {
  Query: {
    customer: (_, { id }, { loaders }) => loaders.customers.load(id),
    customerByEmail: (_, { email }, { loaders }) => loaders.byEmail.load(email),
    customers: (_, { ids }, { loaders }) => loaders.customers.loadMany(ids),
  },
  Customer: {
    address: (row) => row,
    orders: ({ id }, { first }, { loaders }) => loaders.orders.load({ id, first }),
    tickets: ({ id }, { first }, { loaders }) => loaders.tickets.load({ id, first }),
    events: ({ id }, { first }, { loaders }) => loaders.events.load({ id, first }),
    orderStatistics: ({ id }, _, { loaders }) => loaders.statistics.load(id),
  },
  Order: { items: ({ id }, _, { loaders }) => loaders.items.load(id) },
  Ticket: { messages: ({ id }, _, { loaders }) => loaders.messages.load(id) },
};

const app = Fastify({ logger: false });
app.register(mercurius, { schema, resolvers, jit: 1, context: () => ({ loaders: makeLoaders() }) });
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
