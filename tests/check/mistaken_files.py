"""A configuration with many mistakes: each line that has one ends with its number, as in `#7` or `--7`."""

GATEWAY = r'''
deadline = 5                                            #1
max_deadline_ms = 10                                    #2
environment = "producton"                               #3
introspection = "perhaps"                               #4
default_region = "de"                                   #5
cache_bytes = 12x                                       #6

[clock]
pinned = 2026-06-30T12:00:00                            #7

[mongodb]
uri = "mongodb://${STORE_HOST}/"                        #8
driver = "pymong"                                       #9
retry_after = 5                                         #10

[tags]
file = "tags.yaml"
cache_s = -1                                            #11

[telemetry]
slow_request_ms = "900"                                 #81
request_log = "on"                                      #82

[telemetry.traces]
endpoint = "collector:4318"                             #83
sample = true                                           #84

# A database that can be asked, whatever is wrong with its records.
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///${FOLDER}/crm.db"
retries = 9                                             #12

[sources.crm.breaker]
failure_rate = 2                                        #13

[sources.crm.cache_s]
ordr = 60                                               #14
order = "${TTL}"
ticket = "5"                                            #85

[sources.crm.webhook]
secret = "a-secret"
key = "customer.id"
by = "text"                                             #78

[sources.crm.records.customer]
query = """
    SELECT id,
           nam AS name                                  --15
    FROM customers
"""

[sources.crm.records.customer.keys]
customer_id = "id"
mail = "email"                                          #16
text = "name"                                           #17

[sources.crm.records.order]
query = """
SELECT id, customer, placed_at,
       state AS statuss,                                --18
       amount AS total_amount, 'EUR' AS total_currency
FROM orders
"""

[sources.crm.records.order.keys]
customer_id = "custmer"                                 #19

[sources.crm.records.order.lists.items]
query = "SELECT * FROM order_itemz"                     #20

[sources.crm.records.order.lists.payments]
query = "SELECT 1 AS position"                          #21

[sources.crm.records.order.lists.coupons]               #22
query = "SELECT 1 AS parent"

[sources.crm.records.ticket]
query = """
SELECT id, created_at
FORM tickets                                            --23
"""
keys.customer_id = "customer"

[sources.crm.records.event]
query = "SELECT id, at, type FROM events"

[sources.crm.records.event.keys.device_id]
query = "SELECT id AS ids, device AS key FROM events"   #24

# A folder of files: one of them is not there.
[sources.exports]
kind = "files"
path = "${FOLDER}"

[sources.exports.tables]
orders = "orders.csv"
lines = "lines.csv"                                     #25

[sources.exports.records.order]
query = """
SELECT id, placed_at,
       order_total AS total_amount,                     --26
       'EUR' AS total_currency, customer
FROM orders
"""
keys.customer_id = "customer"

[sources.exports.records.ticket]
query = "SELECT * FROM lines"
keys.customer_id = "customer"

# An API whose address is not known.
[sources.shop]
kind = "http"
base_url = "${SHOP_URL}"                                #27
headers = { Authorization = "Bearer ${SHOP_TOKEN}" }    #28
max_call = 3                                            #29

[sources.shop.records.order]
order = "newest"                                        #30
rating_scale = [1, 10]                                  #31

[sources.shop.records.order.fields]
placedAt = "created"                                    #32
"items.sku" = "sku"                                     #33
status = "state["                                       #34

[sources.shop.records.order.values.status]
paid = "PAYED"                                          #35

[sources.shop.records.order.lists.item]                 #36
list = "lines"

[sources.shop.records.order.keys.customer_id]
path = "orders?ids={keys}"                              #37
key = "customer"
max_batch = 0                                           #38

[sources.shop.records.order.keys.email]
path = "/orders/{key}"
method = "PUT"                                          #39

# Presets.
[sources.help]
kind = "zendesk"
base_url = "help.example.com"                           #40
tokn = "secret-token"                                   #41
keys = { ticket = ["email"] }

[sources.desk]
kind = "zendesk"
base_url = "https://desk.example.com"
token = "secret-token"

[sources.desk.keys]
ticket = ["member_number"]                              #42

[sources.desk.values.ticket.subject]                    #43
waiting = "PENDING"

# A database of documents.
[sources.events]
kind = "mongo"
url = "mongo://user:hunter-two@host/"                     #44
database = "a b"                                        #45
pool_size = "many"                                      #46

[sources.events.records.order]
collection = "orders"
keys.customer_id = "customer"
fields = { total = { amount = { path = "cents", scale = "2" } } } #89

[sources.events.records.event]
collection = "events"
fields.occured_at = "at"                                #47
keys.device_id = "$device"                              #48

# A GraphQL API.
[sources.ledger]
kind = "graphql"
base_url = "http://127.0.0.1:9/graphql"

[sources.ledger.records.order]
fields = { placed_at = "placed", "total.amount" = "sum" }   #49

[sources.ledger.records.order.keys.customer_id]
query = "{ orders(ids: $keys) { key: owner ...fields }"     #50

[sources.legacy]
kind = "sqll"                                           #51

[sources.memory]
kind = "sql"
url = "sqlite+aiosqlite://"                             #86
pool_size = 5.0                                         #87
records.customer = { query = "SELECT 1 AS id", keys = { customer_id = "id" } }

[sources.driver]
kind = "sql"
url = "sqlite:///crm.db"                                #88
records.customer = { query = "SELECT 1 AS id", keys = { customer_id = "id" } }

[sources.nobody]                                        #52
url = "sqlite+aiosqlite:///nobody.db"

[sources."two words"]                                   #53
kind = "sql"
url = "oracle://user:hunter-two@host/db"                  #54
records = 5                                             #55
'''

TAGS = r"""
facts:
  orders_all:
    label: Orders ever
    record: ordre                                       #56
    measure: count
  spend:
    label: Spend
    record: order
    measure: avg                                        #57
    field: total
  spend_365d:
    label: Spend in a year
    record: order
    measure: sum
    field: total.amount                                 #58
  open_tickets:
    label: Open tickets
    record: ticket
    measure: count
    window: 1y                                          #59
    where: {status: OPENED}                             #60
  last_order:
    label: Last order
    record: order
    measure: max
    field: placedAt                                     #61
    as: days_ago
  euros:
    label: Spend in euros
    record: order
    measure: sum
    field: total
    currency: EURO                                      #62
  customers:
    label: Chats in a century
    record: ticket
    measure: count
    window: 90000d                                      #90
    where: {channel: []}                                #91
  rated:
    label: Well rated
    record: ticket
    measure: count
    where: {satisfaction: "5"}                          #92
  forgotten:                                            #63
    label: Nobody reads it
    record: order
    measure: count

tags:
  tier:
    label: Tier
    description: What a customer is worth.
    owner: crm
    owner: service                                      #77
    category: VALU                                      #64
    ttl: 6 hours                                        #65
    version: one                                        #66
    words: Gold from three orders.
    expression: "order_all >= 3 ? 'GOLD' : 'NONE'"      #67
    values: [GOLD, NONE]
  load:                                                 #68
    label: Load
    description: How much service a customer needs.
    category: SERVICE
    ttl: 0h                                             #93
    version: "1"                                        #94
    words: Heavy with an open ticket.
    expression: >-
      open_tickets > 0 ? 'HEAVY' : last_order > 5 ? 'OLD'
      : customers > 0 || rated > 0 || spend > 0.0 || spend_365d > 0.0 || euros > 0.0 ? 'OTHER' : 'NONE'
    values: [HEAVY, OLD, OTHER, NONE]
    valuez: [A]                                         #69
"""

FAULTS = r"""
seeds = 1                                               #70

[[faults]]
source = "crm"
share = 2                                               #71
hang = true

[[faults]]
source = "crmm"                                         #72
hang = true

[[faults]]
source = "legacy"
error = "GONE"                                          #73

[[faults]]                                              #74
source = "exports"

[[faults]]
source = "exports"
by = "mail"                                             #75
hang = true

[[faults]]                                              #76
source = "exports"
record = "event"
hang = true
"""

ENVIRONMENT = {"GATEWAY_DEADLINE_MS": "soon", "GATEWAY_CACHE_BYTE": "5", "GATEWAY_MONGODB__TIMEOUT_MS": "100", "TTL": "5"}
"""Two more mistakes, in variables; the last two are right, for variables are texts."""
