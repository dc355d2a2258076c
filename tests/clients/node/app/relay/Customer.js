import { graphql } from "relay-runtime";

export const customerQuery = graphql`
  query CustomerQuery($id: ID!) {
    customer(by: { id: $id }) {
      name
      ...Customer_email
    }
  }
`;

export const customerEmail = graphql`
  fragment Customer_email on Customer {
    email
  }
`;
