import { graphql } from "relay-runtime";

export const pageQuery = graphql`
  query PageQuery($id: ID!) {
    customer(by: { id: $id }) {
      id
      name
      ...Page_orders @defer
      ...Page_tickets @defer
    }
  }
`;

export const ordersFragment = graphql`
  fragment Page_orders on Customer {
    id
    orders(first: 1) {
      totalCount
    }
  }
`;

export const ticketsFragment = graphql`
  fragment Page_tickets on Customer {
    id
    tickets(first: 1) {
      totalCount
    }
  }
`;
