"""The shop's tables: six databases that know a customer by different keys.

The CRM knows customer ids, the order system too, support knows e-mail addresses, behaviour knows devices. The web shop and the
loyalty programme have customers of their own, mostly those of the CRM.
"""

from gateway.demo.databases import DemoTable

SHOP_TABLES: dict[str, tuple[DemoTable, ...]] = {
    "crm": (
        DemoTable(
            "customers",
            """
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, given_name TEXT, family_name TEXT,
            email TEXT NOT NULL, phone TEXT NOT NULL, member_number TEXT, locale TEXT NOT NULL,
            created_at TIMESTAMPTZ NOT NULL,
            address_line TEXT, postal_code TEXT, city TEXT, region TEXT, country TEXT,
            company_name TEXT, company_account TEXT, company_industry TEXT,
            acquisition_source TEXT, acquisition_campaign TEXT, acquisition_landing_page TEXT,
            acquisition_lead_id TEXT, acquisition_at TIMESTAMPTZ,
            gender TEXT, job_title TEXT, company_role TEXT, company_role_name TEXT
            """,
            ("member_number", "company_account"),
        ),
        DemoTable(
            "companies",
            """
            id TEXT PRIMARY KEY, name TEXT NOT NULL, industry TEXT, size INTEGER, website TEXT, parent_id TEXT,
            created_at TIMESTAMPTZ NOT NULL
            """,
            ("parent_id",),
        ),
        DemoTable(
            "touches",
            """
            customer_id TEXT NOT NULL, position INTEGER NOT NULL, channel TEXT, source TEXT, medium TEXT, campaign TEXT,
            at TIMESTAMPTZ NOT NULL, PRIMARY KEY (customer_id, position)
            """,
        ),
        DemoTable(
            "contact_points",
            """
            customer_id TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
            value TEXT NOT NULL, match_key TEXT NOT NULL, is_primary BOOLEAN NOT NULL,
            PRIMARY KEY (customer_id, position)
            """,
            ("kind, match_key",),
        ),
        DemoTable(
            "devices",
            """
            customer_id TEXT NOT NULL, position INTEGER NOT NULL, device_id TEXT NOT NULL,
            PRIMARY KEY (customer_id, position)
            """,
            ("device_id",),
        ),
        DemoTable(
            "external_ids",
            """
            customer_id TEXT NOT NULL, position INTEGER NOT NULL, source TEXT NOT NULL, external_id TEXT NOT NULL,
            PRIMARY KEY (customer_id, position)
            """,
            ("(source || ':' || external_id)",),
        ),
        DemoTable(
            "deals",
            "id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, stage TEXT NOT NULL, segment TEXT, closed_at TIMESTAMPTZ",
            ("customer_id",),
        ),
    ),
    "orders": (
        DemoTable(
            "orders",
            """
            id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, placed_at TIMESTAMPTZ NOT NULL, status TEXT NOT NULL,
            total_cents INTEGER NOT NULL, currency TEXT NOT NULL, delivered_at TIMESTAMPTZ
            """,
            ("customer_id, placed_at",),
        ),
        DemoTable(
            "order_items",
            """
            order_id TEXT NOT NULL, position INTEGER NOT NULL, sku TEXT NOT NULL, name TEXT NOT NULL,
            category TEXT NOT NULL, quantity INTEGER NOT NULL, unit_price_cents INTEGER NOT NULL,
            currency TEXT NOT NULL, PRIMARY KEY (order_id, position)
            """,
        ),
        DemoTable(
            "payments",
            """
            order_id TEXT NOT NULL, position INTEGER NOT NULL, method TEXT NOT NULL, amount_cents INTEGER NOT NULL,
            currency TEXT NOT NULL, installments INTEGER NOT NULL, PRIMARY KEY (order_id, position)
            """,
        ),
    ),
    "support": (
        DemoTable(
            "tickets",
            """
            id TEXT PRIMARY KEY, requester_email TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL, subject TEXT NOT NULL,
            kind TEXT NOT NULL, status TEXT NOT NULL, priority TEXT NOT NULL, channel TEXT NOT NULL,
            satisfaction INTEGER, order_id TEXT, solved_at TIMESTAMPTZ
            """,
            ("requester_email, created_at",),
        ),
        DemoTable(
            "messages",
            """
            ticket_id TEXT NOT NULL, position INTEGER NOT NULL, author TEXT NOT NULL, body TEXT NOT NULL,
            at TIMESTAMPTZ NOT NULL, PRIMARY KEY (ticket_id, position)
            """,
        ),
    ),
    "behaviour": (
        DemoTable(
            "events",
            """
            id TEXT PRIMARY KEY, device_id TEXT NOT NULL, session_id TEXT NOT NULL, at TIMESTAMPTZ NOT NULL,
            type TEXT NOT NULL, page TEXT NOT NULL, properties TEXT NOT NULL
            """,
            ("device_id, at",),
        ),
    ),
    "webshop": (
        DemoTable(
            "accounts",
            """
            id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT,
            address_line TEXT, postal_code TEXT, city TEXT, region TEXT, country TEXT,
            created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL
            """,
            ("email", "phone"),
        ),
        DemoTable(
            "social_accounts",
            """
            account_id TEXT NOT NULL, position INTEGER NOT NULL, platform TEXT NOT NULL, handle TEXT NOT NULL,
            followers INTEGER, PRIMARY KEY (account_id, position)
            """,
        ),
        DemoTable(
            "subscriptions",
            """
            id TEXT PRIMARY KEY, account_id TEXT NOT NULL, started_at TIMESTAMPTZ NOT NULL, plan TEXT NOT NULL,
            status TEXT NOT NULL, amount_cents INTEGER NOT NULL, currency TEXT NOT NULL, period TEXT NOT NULL,
            renews_at TIMESTAMPTZ, cancelled_at TIMESTAMPTZ
            """,
            ("account_id, started_at",),
        ),
    ),
    "loyalty": (
        DemoTable(
            "members",
            """
            card TEXT PRIMARY KEY, member_number TEXT NOT NULL, name TEXT NOT NULL, email TEXT, birth_date TEXT,
            joined_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL, preferred_channel TEXT, tier TEXT
            """,
            ("member_number", "email"),
        ),
        DemoTable(
            "consents",
            """
            card TEXT NOT NULL, position INTEGER NOT NULL, channel TEXT NOT NULL, purpose TEXT NOT NULL, state TEXT NOT NULL,
            source TEXT NOT NULL, at TIMESTAMPTZ NOT NULL, PRIMARY KEY (card, position)
            """,
        ),
        DemoTable(
            "surveys",
            """
            id TEXT PRIMARY KEY, card TEXT NOT NULL, at TIMESTAMPTZ NOT NULL, kind TEXT NOT NULL, score INTEGER NOT NULL,
            scale INTEGER NOT NULL, channel TEXT NOT NULL, comment TEXT
            """,
            ("card, at",),
        ),
    ),
}
