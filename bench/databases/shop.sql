-- A shop in one database: 20,000 customers, 200,000 orders of 500,000 items, 60,000 tickets of 180,000 messages, 1,000,000
-- events. Customers 1 to 4,000 are busy (26 orders, 11 tickets, 130 events), the others have 6, 1 and 30.
-- All values are functions of their numbers, so two runs are equal.
SET timezone = 'UTC';

CREATE TABLE customers (
  id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, phone text NOT NULL, member_number text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL, address_line text NOT NULL, postal_code text NOT NULL, city text NOT NULL, country text NOT NULL
);
INSERT INTO customers
SELECT 'c' || lpad(n::text, 5, '0'), 'Given' || n % 977 || ' Family' || n % 3571, 'customer' || n || '@example.com',
  '+4420' || lpad(n::text, 8, '0'), 'M-' || lpad(n::text, 6, '0'), timestamptz '2020-01-01' + n * interval '37 minutes',
  n || ' High Street', 'PC' || n % 900, 'City' || n % 313, (ARRAY['GB', 'DE', 'FR', 'NL'])[1 + n % 4]
FROM generate_series(1, 20000) n;

CREATE TABLE orders (
  id text PRIMARY KEY, customer_id text NOT NULL, placed_at timestamptz NOT NULL, status text NOT NULL,
  total numeric(12, 2) NOT NULL, currency text NOT NULL
);
INSERT INTO orders
SELECT 'o' || lpad(o::text, 7, '0'), 'c' || lpad(n::text, 5, '0'),
  timestamptz '2024-01-01' + o * 7919 % 900000 * interval '1 minute' + n * interval '1 second',
  (ARRAY['PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'CANCELLED'])[1 + o % 5], (500 + o * 31 % 40000) / 100.0, 'EUR'
FROM (SELECT n, row_number() OVER (ORDER BY n, k) AS o
      FROM generate_series(1, 20000) n, generate_series(1, CASE WHEN n <= 4000 THEN 26 ELSE 6 END) k) owned;

CREATE TABLE order_items (
  order_id text NOT NULL, position int NOT NULL, sku text NOT NULL, name text NOT NULL, category text NOT NULL,
  quantity int NOT NULL, unit_price numeric(12, 2) NOT NULL, currency text NOT NULL, PRIMARY KEY (order_id, position)
);
INSERT INTO order_items
SELECT 'o' || lpad(o::text, 7, '0'), p, 'SKU-' || (o * 13 + p) % 5000, 'Product number ' || (o * 13 + p) % 5000,
  (ARRAY['Books', 'Garden', 'Toys', 'Music', 'Food'])[1 + (o + p) % 5], 1 + (o + p) % 3, (100 + (o * 17 + p * 101) % 9000) / 100.0, 'EUR'
FROM generate_series(1, 200000) o, generate_series(1, CASE WHEN o % 2 = 0 THEN 3 ELSE 2 END) p;

CREATE TABLE tickets (
  id text PRIMARY KEY, customer_id text NOT NULL, created_at timestamptz NOT NULL, subject text NOT NULL, status text NOT NULL,
  priority text NOT NULL
);
INSERT INTO tickets
SELECT 't' || lpad(t::text, 6, '0'), 'c' || lpad(n::text, 5, '0'),
  timestamptz '2024-01-01' + t * 104729 % 900000 * interval '1 minute' + n * interval '1 second', 'Question ' || t || ' about an order',
  (ARRAY['OPEN', 'PENDING', 'SOLVED'])[1 + t % 3], (ARRAY['LOW', 'NORMAL', 'HIGH'])[1 + t % 3]
FROM (SELECT n, row_number() OVER (ORDER BY n, k) AS t
      FROM generate_series(1, 20000) n, generate_series(1, CASE WHEN n <= 4000 THEN 11 ELSE 1 END) k) asked;

CREATE TABLE messages (
  ticket_id text NOT NULL, position int NOT NULL, author text NOT NULL, body text NOT NULL, at timestamptz NOT NULL,
  PRIMARY KEY (ticket_id, position)
);
INSERT INTO messages
SELECT 't' || lpad(t::text, 6, '0'), p, CASE WHEN p % 2 = 1 THEN 'CUSTOMER' ELSE 'AGENT' END,
  'Message ' || p || ' of ticket ' || t || ': where is it, and when will it be here? Thank you for an answer.',
  timestamptz '2024-01-02' + t * 104729 % 900000 * interval '1 minute' + p * interval '1 hour'
FROM generate_series(1::bigint, 60000) t, generate_series(1, 3) p;

CREATE TABLE events (id text PRIMARY KEY, customer_id text NOT NULL, at timestamptz NOT NULL, type text NOT NULL, page text NOT NULL);
INSERT INTO events
SELECT 'e' || lpad(e::text, 8, '0'), 'c' || lpad(n::text, 5, '0'),
  timestamptz '2025-01-01' + e * 15485863 % 30000000 * interval '1 second',
  (ARRAY['page_view', 'search', 'add_to_cart', 'purchase'])[1 + e % 4], '/p/' || e % 5000
FROM (SELECT n, row_number() OVER (ORDER BY n, k) AS e
      FROM generate_series(1, 20000) n, generate_series(1, CASE WHEN n <= 4000 THEN 130 ELSE 30 END) k) made;

CREATE INDEX ON orders (customer_id, placed_at);
CREATE INDEX ON tickets (customer_id, created_at);
CREATE INDEX ON events (customer_id, at);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders;
ALTER TABLE tickets ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE messages ADD FOREIGN KEY (ticket_id) REFERENCES tickets;
ALTER TABLE events ADD FOREIGN KEY (customer_id) REFERENCES customers;

-- A computed column, which PostGraphile makes a field of: figures of the orders that were not cancelled.
CREATE TYPE order_statistics AS (count int, total numeric, currency text, first_at timestamptz, last_at timestamptz);
CREATE FUNCTION customers_order_statistics(customer customers) RETURNS order_statistics LANGUAGE sql STABLE AS $$
  SELECT count(*)::int, sum(total), min(currency), min(placed_at), max(placed_at) FROM orders
  WHERE customer_id = customer.id AND status <> 'CANCELLED'
$$;
