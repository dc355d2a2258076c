// What the compiler must refuse, and what it must take: `tsc` is the test.
import type { CustomerKey, CustomerPageQuery, ErrorCode } from "../gql/graphql";

type Customer = NonNullable<CustomerPageQuery["customer"]>;
type Order = NonNullable<Customer["orders"]>["edges"][number]["node"];

export const one: CustomerKey = { email: "a@example.com" };
// @ts-expect-error  no key
export const none: CustomerKey = {};
// @ts-expect-error  two keys
export const two: CustomerKey = { id: "crm:1", email: "a@example.com" };
// @ts-expect-error  a misspelled code
export const misspelled: ErrorCode = "SOURCE_TIMED_OUT";
export const said = (source: Customer["sources"][number]): ErrorCode | null => source.errorCode;
export const asBefore = (source: Customer["sources"][number]): string => source.errorCode ?? "";
export const amount = (order: Order): string | undefined => order.total?.amount;
export const placed = (order: Order): Date => new Date(order.placedAt);
