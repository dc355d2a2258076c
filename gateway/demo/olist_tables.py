"""The tables for Olist's marketplace: its sellers are the customers, known by one id in all four databases."""

from gateway.demo.databases import DemoTable

OLIST_TABLES: dict[str, tuple[DemoTable, ...]] = {
    "crm": (
        DemoTable(
            "sellers",
            """
            id TEXT PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, region TEXT NOT NULL, postal_code TEXT NOT NULL,
            acquisition_source TEXT, acquisition_landing_page TEXT, acquisition_lead_id TEXT, acquisition_at TIMESTAMPTZ
            """,
            ("('olist:' || id)",),
        ),
        DemoTable(
            "deals",
            "id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, stage TEXT NOT NULL, segment TEXT, closed_at TIMESTAMPTZ NOT NULL",
            ("customer_id",),
        ),
    ),
    "orders": (
        DemoTable(
            "orders",
            """
            id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, placed_at TIMESTAMPTZ NOT NULL, status TEXT NOT NULL,
            total_cents INTEGER NOT NULL, delivered_at TIMESTAMPTZ
            """,
            ("customer_id, placed_at",),
        ),
        DemoTable(
            "order_items",
            """
            order_id TEXT NOT NULL, position INTEGER NOT NULL, sku TEXT NOT NULL, category TEXT,
            quantity INTEGER NOT NULL, unit_price_cents INTEGER NOT NULL, PRIMARY KEY (order_id, position)
            """,
        ),
        DemoTable(
            "payments",
            """
            order_id TEXT NOT NULL, position INTEGER NOT NULL, method TEXT NOT NULL, amount_cents INTEGER NOT NULL,
            installments INTEGER NOT NULL, PRIMARY KEY (order_id, position)
            """,
        ),
    ),
    "support": (
        DemoTable(
            "tickets",
            """
            id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL, subject TEXT NOT NULL,
            satisfaction INTEGER NOT NULL, order_id TEXT NOT NULL, solved_at TIMESTAMPTZ NOT NULL
            """,
            ("customer_id, created_at",),
        ),
        DemoTable(
            "messages",
            "ticket_id TEXT PRIMARY KEY, body TEXT NOT NULL, at TIMESTAMPTZ NOT NULL",
        ),
    ),
    "behaviour": (
        DemoTable(
            "events",
            """
            id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, at TIMESTAMPTZ NOT NULL, type TEXT NOT NULL,
            page TEXT NOT NULL, properties TEXT NOT NULL
            """,
            ("customer_id, at",),
        ),
    ),
}
