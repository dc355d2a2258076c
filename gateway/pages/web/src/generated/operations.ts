/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
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

export type OrderStatus =
  | 'CANCELLED'
  | 'CONFIRMED'
  | 'DELIVERED'
  | 'PENDING'
  | 'PROCESSING'
  | 'RETURNED'
  | 'SHIPPED'
  | 'UNKNOWN';

export type FindQueryVariables = Exact<{
  text: string;
}>;


export type FindQuery = { find: { unavailable: Array<string>, tooShort: boolean, matches: Array<{ matchedBy: MatchedBy, exact: boolean, customer: { id: string, name: string | null, email: string | null, phone: string | null, memberNumber: string | null, address: { city: string | null, country: string | null } | null, company: { name: string | null } | null } }>, notTried: Array<{ source: string, how: string }> } };

export type FoundCardsQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type FoundCardsQuery = { customers: Array<{ id: string, orders: { nodes: Array<{ id: string, placedAt: string, status: OrderStatus }> } | null, tickets: { totalCount: number | null, unavailable: Array<string> } | null } | null> };

export type RecentCustomersQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type RecentCustomersQuery = { customers: Array<{ id: string, name: string | null, address: { city: string | null, country: string | null } | null, company: { name: string | null } | null } | null> };

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

export const FindDocument = new TypedDocumentString(`
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
export const FoundCardsDocument = new TypedDocumentString(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
    }
  }
}
    `) as unknown as TypedDocumentString<FoundCardsQuery, FoundCardsQueryVariables>;
export const RecentCustomersDocument = new TypedDocumentString(`
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