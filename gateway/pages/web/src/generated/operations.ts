/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type AccountRole =
  | 'BILLING'
  | 'BUYER'
  | 'DECISION_MAKER'
  | 'OTHER'
  | 'TECHNICAL'
  | 'UNKNOWN'
  | 'USER';

export type BillingInterval =
  | 'DAY'
  | 'MONTH'
  | 'UNKNOWN'
  | 'WEEK'
  | 'YEAR';

export type Channel =
  | 'CHAT'
  | 'EMAIL'
  | 'PHONE'
  | 'POST'
  | 'PUSH'
  | 'REVIEW'
  | 'SMS'
  | 'SOCIAL'
  | 'STORE'
  | 'UNKNOWN'
  | 'WEB';

export type ConsentState =
  | 'DENIED'
  | 'GRANTED'
  | 'UNKNOWN'
  | 'WITHDRAWN';

export type ContactKind =
  | 'EMAIL'
  | 'PHONE'
  | 'UNKNOWN';

export type CustomerKind =
  | 'COMPANY'
  | 'PERSON'
  | 'UNKNOWN';

export type DealStage =
  | 'LOST'
  | 'OPEN'
  | 'UNKNOWN'
  | 'WON';

export type ErrorCode =
  | 'ACCESS_UNAVAILABLE'
  | 'AMBIGUOUS_IDENTITY'
  | 'AUDIT_UNAVAILABLE'
  | 'BAD_REQUEST'
  | 'BAD_USER_INPUT'
  | 'CROSS_ORIGIN_REFUSED'
  | 'CSRF_HEADER_MISSING'
  | 'DOCUMENT_NOT_FOUND'
  | 'DOCUMENT_NOT_TRUSTED'
  | 'ERASED'
  | 'ERASURES_UNKNOWN'
  | 'FORBIDDEN'
  | 'GATEWAY_BUSY'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'IDENTITY_INCOMPLETE'
  | 'INTERNAL'
  | 'INVALID_ARGUMENT'
  | 'INVALID_KEY'
  | 'OPERATION_NOT_FOUND'
  | 'OPERATION_RESOLUTION_FAILURE'
  | 'OPERATOR_REQUIRED'
  | 'OVERLOADED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  | 'QUERY_TOO_EXPENSIVE'
  | 'QUOTA_EXCEEDED'
  | 'SOURCE_AUTH'
  | 'SOURCE_ERROR'
  | 'SOURCE_PROTOCOL'
  | 'SOURCE_REJECTED'
  | 'SOURCE_THROTTLED'
  | 'SOURCE_TIMEOUT'
  | 'SOURCE_UNAVAILABLE'
  | 'STORE_UNAVAILABLE'
  | 'UNAUTHENTICATED'
  | 'WITHHELD'
  | 'WITHHELD_PURPOSE';

export type Freshness =
  | 'FRESH'
  | 'STALE';

export type IncompleteReason =
  | 'KEY_REFUSED'
  | 'LINKS_UNAVAILABLE'
  | 'ONE_WAY_KEYS'
  | 'OUT_OF_TIME'
  | 'OUT_OF_TURNS'
  | 'SOURCE_UNAVAILABLE'
  | 'TOO_MANY_RECORDS';

export type KeyKind =
  | 'ACCOUNT'
  | 'CUSTOMER_ID'
  | 'DEAL_ID'
  | 'DEVICE_ID'
  | 'EMAIL'
  | 'EVENT_ID'
  | 'EXTERNAL_ID'
  | 'MEMBER_NUMBER'
  | 'ORDER_ID'
  | 'ORDER_NUMBER'
  | 'PARENT_ACCOUNT'
  | 'PHONE'
  | 'SUBSCRIPTION_ID'
  | 'SURVEY_ID'
  | 'TEXT'
  | 'TICKET_ID'
  | 'TICKET_NUMBER';

export type MatchedBy =
  | 'ACCOUNT'
  | 'COMPANY'
  | 'CUSTOMER_ID'
  | 'EMAIL'
  | 'EXTERNAL_ID'
  | 'MEMBER_NUMBER'
  | 'NAME'
  | 'ORDER_ID'
  | 'ORDER_NUMBER'
  | 'PHONE'
  | 'TICKET_ID'
  | 'TICKET_NUMBER';

export type MessageAuthor =
  | 'AGENT'
  | 'CUSTOMER'
  | 'SYSTEM'
  | 'UNKNOWN';

export type OrderStatus =
  | 'CANCELLED'
  | 'CONFIRMED'
  | 'DELIVERED'
  | 'PENDING'
  | 'PROCESSING'
  | 'RETURNED'
  | 'SHIPPED'
  | 'UNKNOWN';

export type OriginRule =
  | 'NEWEST'
  | 'PRIORITY';

export type PaymentMethod =
  | 'BANK_TRANSFER'
  | 'CARD'
  | 'CASH'
  | 'INVOICE'
  | 'UNKNOWN'
  | 'VOUCHER'
  | 'WALLET';

export type PurposeBasis =
  | 'CONSENT'
  | 'CONTRACT'
  | 'LEGAL_DUTY'
  | 'LEGITIMATE_INTEREST';

export type RecordType =
  | 'ACCOUNT'
  | 'CUSTOMER'
  | 'DEAL'
  | 'EVENT'
  | 'ORDER'
  | 'SUBSCRIPTION'
  | 'SURVEY'
  | 'TICKET';

export type SourceHealth =
  | 'PAUSED'
  | 'PROBING'
  | 'USABLE';

export type SourceState =
  | 'FRESH'
  | 'NOT_CONFIGURED'
  | 'STALE'
  | 'UNAVAILABLE';

export type SubscriptionStatus =
  | 'ACTIVE'
  | 'CANCELLED'
  | 'ENDED'
  | 'PAST_DUE'
  | 'PAUSED'
  | 'TRIAL'
  | 'UNKNOWN';

export type SurveyKind =
  | 'CES'
  | 'CSAT'
  | 'NPS'
  | 'REVIEW'
  | 'UNKNOWN';

export type TagCategory =
  | 'ACQUISITION'
  | 'BEHAVIOUR'
  | 'LIFECYCLE'
  | 'PREFERENCE'
  | 'SATISFACTION'
  | 'SERVICE'
  | 'VALUE';

export type TagReason =
  | 'FAILED'
  | 'NOT_LISTED'
  | 'RULE'
  | 'UNKNOWN';

export type TagType =
  | 'BOOLEAN'
  | 'DATE'
  | 'ENUM'
  | 'LIST'
  | 'NUMBER'
  | 'TEXT';

export type TicketKind =
  | 'COMPLAINT'
  | 'INCIDENT'
  | 'QUESTION'
  | 'REVIEW'
  | 'TASK'
  | 'UNKNOWN';

export type TicketPriority =
  | 'HIGH'
  | 'LOW'
  | 'NORMAL'
  | 'UNKNOWN'
  | 'URGENT';

export type TicketStatus =
  | 'CLOSED'
  | 'NEW'
  | 'ON_HOLD'
  | 'OPEN'
  | 'PENDING'
  | 'SOLVED'
  | 'UNKNOWN';

export type BehaviourQueryVariables = Exact<{
  id: string | number;
  records?: Array<RecordType> | RecordType | null | undefined;
  after?: string | null | undefined;
}>;


export type BehaviourQuery = { customer: { id: string, timeline: { unavailable: Array<string>, partial: boolean, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<
        | { __typename: 'CustomerSubscription', id: string, source: string, plan: string | null, startedAt: string, subscriptionStatus: SubscriptionStatus, amount: { amount: string, currency: string } | null }
        | { __typename: 'Deal', id: string, source: string, name: string | null, stage: DealStage, stageName: string | null, createdAt: string, closedAt: string | null, amount: { amount: string, currency: string } | null }
        | { __typename: 'Event', id: string, source: string, at: string, type: string, page: string | null, feature: string | null }
        | { __typename: 'Order', id: string, source: string, number: string | null, placedAt: string, orderStatus: OrderStatus, total: { amount: string, currency: string } | null, items: Array<{ name: string | null, quantity: number | string, unitPrice: { amount: string, currency: string } | null }> }
        | { __typename: 'Survey', id: string, source: string, at: string, score: number | string | null, scale: number | null, comment: string | null, surveyKind: SurveyKind }
        | { __typename: 'Ticket', id: string, source: string, number: string | null, subject: string | null, createdAt: string, priority: TicketPriority, ticketStatus: TicketStatus, messages: Array<{ author: MessageAuthor, body: string | null, at: string | null }> }
      > } | null, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type CandidatesQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type CandidatesQuery = { customers: Array<{ id: string, name: string | null, source: string, email: string | null, address: { city: string | null, country: string | null } | null, company: { name: string | null } | null } | null> };

export type CommerceQueryVariables = Exact<{
  id: string | number;
}>;


export type CommerceQuery = { customer: { id: string, orders: { totalCount: number | null, unavailable: Array<string>, partial: boolean, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }>, nodes: Array<{ id: string, source: string, number: string | null, channel: string | null, status: OrderStatus, placedAt: string, deliveredAt: string | null, link: string | null, total: { amount: string, currency: string } | null, refunded: { amount: string, currency: string } | null, items: Array<{ name: string | null, quantity: number | string, unitPrice: { amount: string, currency: string } | null }>, payments: Array<{ method: PaymentMethod }> }> } | null, orderStatistics: { count: number, firstAt: string | null, partial: boolean, total: Array<{ amount: string, currency: string }>, refunded: Array<{ amount: string, currency: string }> } | null, subscriptions: { unavailable: Array<string>, partial: boolean, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }>, nodes: Array<{ id: string, source: string, plan: string | null, status: SubscriptionStatus, interval: BillingInterval, intervalCount: number | null, renewsAt: string | null, cancelledAt: string | null, endsAt: string | null, amount: { amount: string, currency: string } | null }> } | null, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type OrderLineFragment = { id: string, source: string, number: string | null, channel: string | null, status: OrderStatus, placedAt: string, deliveredAt: string | null, link: string | null, total: { amount: string, currency: string } | null, refunded: { amount: string, currency: string } | null, items: Array<{ name: string | null, quantity: number | string, unitPrice: { amount: string, currency: string } | null }>, payments: Array<{ method: PaymentMethod }> };

export type FindQueryVariables = Exact<{
  text: string;
}>;


export type FindQuery = { find: { unavailable: Array<string>, tooShort: boolean, matches: Array<{ matchedBy: MatchedBy, exact: boolean, customer: { id: string, name: string | null, email: string | null, phone: string | null, memberNumber: string | null, address: { city: string | null, country: string | null } | null, company: { name: string | null } | null } }>, notTried: Array<{ source: string, how: string }> } };

export type FoundCardsQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type FoundCardsQuery = { customers: Array<{ id: string, orders: { unavailable: Array<string>, partial: boolean, nodes: Array<{ id: string, placedAt: string, status: OrderStatus }> } | null, tickets: { totalCount: number | null, unavailable: Array<string>, partial: boolean } | null } | null> };

export type RecentCustomersQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type RecentCustomersQuery = { customers: Array<{ id: string, name: string | null, address: { city: string | null, country: string | null } | null, company: { name: string | null } | null } | null> };

export type IdentityQueryVariables = Exact<{
  id: string | number;
}>;


export type IdentityQuery = { customer: { id: string, currentId: string, source: string, sourceId: string, kind: CustomerKind | null, name: string | null, email: string | null, phone: string | null, memberNumber: string | null, birthDate: string | null, locale: string | null, jobTitle: string | null, preferredChannel: Channel | null, createdAt: string | null, address: { line: string | null, postalCode: string | null, city: string | null, region: string | null, country: string | null } | null, company: { name: string | null, industry: string | null, role: AccountRole | null, roleName: string | null } | null, contactPoints: Array<{ kind: ContactKind, value: string, primary: boolean }> | null, consents: Array<{ channel: Channel, purpose: string | null, state: ConsentState, at: string | null }> | null, account: { id: string, name: string | null, number: string | null, industry: string | null, size: number | null } | null, records: Array<{ source: string, sourceId: string, asOf: string | null, link: string | null }>, origins: Array<{ field: string, source: string | null, rule: OriginRule, others: Array<{ source: string, value: unknown }> }>, identity: { complete: boolean, reason: IncompleteReason | null }, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type CompletenessQueryVariables = Exact<{
  id: string | number;
}>;


export type CompletenessQuery = { customer: { id: string, completeness: { share: number | null, missing: Array<string> }, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type MonthsQueryVariables = Exact<{
  id: string | number;
  since: string;
}>;


export type MonthsQuery = { customer: { id: string, orders: { unavailable: Array<string>, partial: boolean, pageInfo: { hasNextPage: boolean }, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }>, nodes: Array<{ id: string, source: string, placedAt: string }> } | null, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type SegmentsQueryVariables = Exact<{
  language?: string | null | undefined;
}>;


export type SegmentsQuery = { segments: Array<{ key: string, label: string, description: string, words: string, owner: string, condition: string | null, count: number | null, known: number | null, unknown: number | null, asOf: string | null }> };

export type ServiceQueryVariables = Exact<{
  id: string | number;
}>;


export type ServiceQuery = { customer: { id: string, open: { totalCount: number | null, unavailable: Array<string>, partial: boolean, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }>, nodes: Array<{ id: string, source: string, number: string | null, subject: string | null, kind: TicketKind, status: TicketStatus, priority: TicketPriority, channel: Channel, createdAt: string, link: string | null, messages: Array<{ author: MessageAuthor, body: string | null, at: string | null }> }> } | null, all: { totalCount: number | null, unavailable: Array<string>, partial: boolean, nodes: Array<{ id: string, subject: string | null, solvedAt: string | null, createdAt: string }> } | null, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type TicketLineFragment = { id: string, source: string, number: string | null, subject: string | null, kind: TicketKind, status: TicketStatus, priority: TicketPriority, channel: Channel, createdAt: string, link: string | null, messages: Array<{ author: MessageAuthor, body: string | null, at: string | null }> };

export type SourceActivityQueryVariables = Exact<{ [key: string]: never; }>;


export type SourceActivityQuery = { sourceActivity: { process: string, at: string, sources: Array<{ since: string, pausedSeconds: number | null, heldSeconds: number, breakerOpenings: number, calls: number, failed: number, retries: number, hedges: number, latencyP50Ms: number | null, latencyP95Ms: number | null, recentCalls: number, callsUnderWay: number, maxCalls: number, waitingKeys: number, cacheHits: number, cacheMisses: number, staleAnswers: number, callsPerSecond: number | null, callsLeft: number | null, quotaLeft: number | null, source: { name: string, kind: string, health: SourceHealth, lookups: Array<{ record: RecordType, by: KeyKind }> }, outcomes: Array<{ code: string, count: number }>, refusedLookups: Array<{ code: string, count: number }>, minutes: Array<{ at: string, calls: number, failed: number, latencyP50Ms: number | null, latencyP95Ms: number | null }>, droppedRecords: Array<{ record: RecordType, reason: string, count: number }>, unreadableValues: Array<{ record: RecordType, path: string | null, reason: string, count: number }> }> } | null };

export type SourceLineFragment = { name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number };

export type TagDefinitionsQueryVariables = Exact<{
  language?: string | null | undefined;
}>;


export type TagDefinitionsQuery = { tagDefinitions: Array<{ key: string, label: string, description: string, words: string, category: TagCategory, owner: string, version: number, review: string | null, expression: string, type: TagType, values: Array<string>, ttlSeconds: number, valueLabels: Array<{ value: string, label: string }>, thresholds: Array<{ name: string, value: unknown }> }> };

export type TagReportQueryVariables = Exact<{
  days: number;
}>;


export type TagReportQuery = { tagReport: Array<{ key: string, changedAt: string | null, asked: number, sampled: number, given: number, partial: number, failed: number, segments: Array<string>, actions: Array<string>, callers: Array<{ caller: string, asked: number }>, values: Array<{ value: string, count: number }>, history: Array<{ at: string, version: number | null, fingerprint: string }> }> | null };

export type TagsQueryVariables = Exact<{
  id: string | number;
  language?: string | null | undefined;
}>;


export type TagsQuery = { customer: { id: string, tags: Array<{ key: string, category: TagCategory, type: TagType, value: string | null, values: Array<string> | null, label: string, valueLabel: string | null, reason: TagReason, freshness: Freshness, partial: boolean, computedAt: string }> | null, sources: Array<{ name: string | null, state: SourceState, asOf: string | null, errorCode: ErrorCode | null, records: Array<RecordType>, droppedRecords: number }> } | null };

export type WhyTagQueryVariables = Exact<{
  id: string | number;
  key: string;
  language?: string | null | undefined;
}>;


export type WhyTagQuery = { customer: { id: string, tag: { key: string, computedAt: string, rule: { version: number, words: string }, evidence: Array<{ name: string, label: string, value: unknown, missing: string | null, partial: boolean, sources: Array<string>, window: { since: string, until: string } | null }>, whyNot: Array<{ value: string | null, words: string }> } | null } | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { caller: string | null, user: string | null, needsPurpose: boolean, purpose: string | null, finds: Array<string>, operates: boolean, governs: boolean, pinnedClock: string | null, layout: unknown, purposes: Array<{ key: string, basis: PurposeBasis }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const OrderLineFragmentDoc = /*#__PURE__*/ new TypedDocumentString(`
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  link
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
    `, {"fragmentName":"OrderLine"}) as unknown as TypedDocumentString<OrderLineFragment, unknown>;
export const TicketLineFragmentDoc = /*#__PURE__*/ new TypedDocumentString(`
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  link
  messages {
    author
    body
    at
  }
}
    `, {"fragmentName":"TicketLine"}) as unknown as TypedDocumentString<TicketLineFragment, unknown>;
export const SourceLineFragmentDoc = /*#__PURE__*/ new TypedDocumentString(`
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}
    `, {"fragmentName":"SourceLine"}) as unknown as TypedDocumentString<SourceLineFragment, unknown>;
export const BehaviourDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Behaviour($id: ID!, $records: [RecordType!], $after: String) {
  customer(by: {id: $id}) {
    id
    timeline(first: 50, records: $records, after: $after) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        __typename
        ... on Order {
          id
          source
          number
          placedAt
          orderStatus: status
          total {
            amount
            currency
          }
          items {
            name
            quantity
            unitPrice {
              amount
              currency
            }
          }
        }
        ... on Ticket {
          id
          source
          number
          subject
          createdAt
          ticketStatus: status
          priority
          messages {
            author
            body
            at
          }
        }
        ... on Event {
          id
          source
          at
          type
          page
          feature
        }
        ... on Deal {
          id
          source
          name
          stage
          stageName
          createdAt
          closedAt
          amount {
            amount
            currency
          }
        }
        ... on CustomerSubscription {
          id
          source
          plan
          startedAt
          subscriptionStatus: status
          amount {
            amount
            currency
          }
        }
        ... on Survey {
          id
          source
          at
          surveyKind: kind
          score
          scale
          comment
        }
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<BehaviourQuery, BehaviourQueryVariables>;
export const CandidatesDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Candidates($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    source
    email
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `) as unknown as TypedDocumentString<CandidatesQuery, CandidatesQueryVariables>;
export const CommerceDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Commerce($id: ID!) {
  customer(by: {id: $id}) {
    id
    orders(first: 3) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...OrderLine
      }
    }
    orderStatistics {
      count
      total {
        amount
        currency
      }
      refunded {
        amount
        currency
      }
      firstAt
      partial
    }
    subscriptions(first: 5) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        plan
        status
        amount {
          amount
          currency
        }
        interval
        intervalCount
        renewsAt
        cancelledAt
        endsAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  link
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<CommerceQuery, CommerceQueryVariables>;
export const FindDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Find($text: String!) {
  find(text: $text, first: 8) {
    matches {
      matchedBy
      exact
      customer {
        id
        name
        email
        phone
        memberNumber
        address {
          city
          country
        }
        company {
          name
        }
      }
    }
    unavailable
    notTried {
      source
      how
    }
    tooShort
  }
}
    `) as unknown as TypedDocumentString<FindQuery, FindQueryVariables>;
export const FoundCardsDocument = /*#__PURE__*/ new TypedDocumentString(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      unavailable
      partial
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD, UNKNOWN]}) {
      totalCount
      unavailable
      partial
    }
  }
}
    `) as unknown as TypedDocumentString<FoundCardsQuery, FoundCardsQueryVariables>;
export const RecentCustomersDocument = /*#__PURE__*/ new TypedDocumentString(`
    query RecentCustomers($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `) as unknown as TypedDocumentString<RecentCustomersQuery, RecentCustomersQueryVariables>;
export const IdentityDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Identity($id: ID!) {
  customer(by: {id: $id}) {
    id
    currentId
    source
    sourceId
    kind
    name
    email
    phone
    memberNumber
    birthDate
    locale
    jobTitle
    preferredChannel
    createdAt
    address {
      line
      postalCode
      city
      region
      country
    }
    company {
      name
      industry
      role
      roleName
    }
    contactPoints {
      kind
      value
      primary
    }
    consents {
      channel
      purpose
      state
      at
    }
    account {
      id
      name
      number
      industry
      size
    }
    records {
      source
      sourceId
      asOf
      link
    }
    origins {
      field
      source
      rule
      others {
        source
        value
      }
    }
    identity {
      complete
      reason
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<IdentityQuery, IdentityQueryVariables>;
export const CompletenessDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Completeness($id: ID!) {
  customer(by: {id: $id}) {
    id
    completeness {
      share
      missing
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<CompletenessQuery, CompletenessQueryVariables>;
export const MonthsDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Months($id: ID!, $since: DateTime!) {
  customer(by: {id: $id}) {
    id
    orders(first: 100, filter: {since: $since}) {
      unavailable
      partial
      pageInfo {
        hasNextPage
      }
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        placedAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<MonthsQuery, MonthsQueryVariables>;
export const SegmentsDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Segments($language: String) {
  segments {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    owner
    condition
    count
    known
    unknown
    asOf
  }
}
    `) as unknown as TypedDocumentString<SegmentsQuery, SegmentsQueryVariables>;
export const ServiceDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Service($id: ID!) {
  customer(by: {id: $id}) {
    id
    open: tickets(
      first: 10
      filter: {status: [NEW, OPEN, PENDING, ON_HOLD, UNKNOWN]}
    ) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...TicketLine
      }
    }
    all: tickets(first: 1) {
      totalCount
      unavailable
      partial
      nodes {
        id
        subject
        solvedAt
        createdAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  link
  messages {
    author
    body
    at
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<ServiceQuery, ServiceQueryVariables>;
export const SourceActivityDocument = /*#__PURE__*/ new TypedDocumentString(`
    query SourceActivity {
  sourceActivity {
    process
    at
    sources {
      source {
        name
        kind
        health
        lookups {
          record
          by
        }
      }
      since
      pausedSeconds
      heldSeconds
      breakerOpenings
      calls
      failed
      outcomes {
        code
        count
      }
      refusedLookups {
        code
        count
      }
      retries
      hedges
      latencyP50Ms
      latencyP95Ms
      recentCalls
      minutes {
        at
        calls
        failed
        latencyP50Ms
        latencyP95Ms
      }
      callsUnderWay
      maxCalls
      waitingKeys
      cacheHits
      cacheMisses
      staleAnswers
      droppedRecords {
        record
        reason
        count
      }
      unreadableValues {
        record
        path
        reason
        count
      }
      callsPerSecond
      callsLeft
      quotaLeft
    }
  }
}
    `) as unknown as TypedDocumentString<SourceActivityQuery, SourceActivityQueryVariables>;
export const TagDefinitionsDocument = /*#__PURE__*/ new TypedDocumentString(`
    query TagDefinitions($language: String) {
  tagDefinitions {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    category
    owner
    version
    review
    expression
    type
    values
    valueLabels(language: $language) {
      value
      label
    }
    thresholds {
      name
      value
    }
    ttlSeconds
  }
}
    `) as unknown as TypedDocumentString<TagDefinitionsQuery, TagDefinitionsQueryVariables>;
export const TagReportDocument = /*#__PURE__*/ new TypedDocumentString(`
    query TagReport($days: Int!) {
  tagReport(days: $days) {
    key
    changedAt
    asked
    callers {
      caller
      asked
    }
    sampled
    given
    partial
    failed
    values {
      value
      count
    }
    history {
      at
      version
      fingerprint
    }
    segments
    actions
  }
}
    `) as unknown as TypedDocumentString<TagReportQuery, TagReportQueryVariables>;
export const TagsDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Tags($id: ID!, $language: String) {
  customer(by: {id: $id}) {
    id
    tags {
      key
      category
      type
      value
      values
      label(language: $language)
      valueLabel(language: $language)
      reason
      freshness
      partial
      computedAt
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`) as unknown as TypedDocumentString<TagsQuery, TagsQueryVariables>;
export const WhyTagDocument = /*#__PURE__*/ new TypedDocumentString(`
    query WhyTag($id: ID!, $key: String!, $language: String) {
  customer(by: {id: $id}) {
    id
    tag(key: $key) {
      key
      computedAt
      rule {
        version
        words
      }
      evidence {
        name
        label(language: $language)
        value
        missing
        partial
        sources
        window {
          since
          until
        }
      }
      whyNot {
        value
        words
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WhyTagQuery, WhyTagQueryVariables>;
export const ViewerDocument = /*#__PURE__*/ new TypedDocumentString(`
    query Viewer {
  viewer {
    caller
    user
    purposes {
      key
      basis
    }
    needsPurpose
    purpose
    finds
    operates
    governs
    pinnedClock
    layout
  }
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;