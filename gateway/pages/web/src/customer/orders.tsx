// The last order, what was spent, and what is paid for at intervals.
import { namesFor, type Region } from "../api/region";
import { formatAge, formatDay, formatMoment, formatShortDay } from "../format/times";
import { formatMoney, formatNumber } from "../format/values";
import type { CommerceQuery, OrderLineFragment, OrderStatus } from "../generated/operations";
import { text } from "../i18n/language";
import { OwnerLink } from "./owner-link";
import { Box, Missing, None, NotAsked, isWhole, sayAsked } from "./states";

export type Commerce = NonNullable<CommerceQuery["customer"]>;

const SHOWN_ITEMS = 3;
const BAD: OrderStatus[] = ["CANCELLED", "RETURNED"];

export function LastOrder({ commerce, now }: { commerce: Region<Commerce>; now: Date }) {
  const orders = commerce.customer?.orders ?? null;
  const order = orders?.nodes[0];
  const names = namesFor(commerce.sources, "ORDER");
  return (
    <Box
      name="last-order"
      title={text.orders.title}
      region={commerce}
      field="orders"
      lines={orders?.sources}
      aside={order && <span class={`status ${statusClass(order.status)}`}>{text.orders.status[order.status]}</span>}
    >
      <Missing list={orders} region={commerce} />
      {!order && names.length === 0 && <NotAsked sources={commerce.sources} records="ORDER" />}
      {!order && names.length > 0 && isWhole(orders) && (
        <None>{text.orders.none(names.join(", "), sayAsked(orders!.sources))}</None>
      )}
      {order && <Order order={order} now={now} />}
    </Box>
  );
}

export function statusClass(status: OrderStatus): string {
  return status === "DELIVERED" ? "good" : BAD.includes(status) ? "bad" : "open";
}

function Order({ order, now }: { order: OrderLineFragment; now: Date }) {
  const more = order.items.length - SHOWN_ITEMS;
  const refunded = order.refunded !== null && Number(order.refunded.amount) > 0;
  return (
    <div class="order">
      <p class="order-line">
        <span title={formatMoment(order.placedAt)}>
          {formatShortDay(order.placedAt, now)} <span class="soft">{formatAge(order.placedAt, now)}</span>
        </span>
        {order.total !== null && <strong class="amount">{formatMoney(order.total)}</strong>}
      </p>
      <ul class="items" aria-label={text.orders.pieces}>
        {order.items.slice(0, SHOWN_ITEMS).map((item, place) => (
          <li key={place}>
            <span>{item.name ?? "–"}</span>
            {String(item.quantity) !== "1" && <span class="soft">× {item.quantity}</span>}
          </li>
        ))}
        {more > 0 && <li class="soft">{text.customer.more(more)}</li>}
      </ul>
      {refunded && <p class="soft">{text.orders.refunded(formatMoney(order.refunded!))}</p>}
      <p class="soft small">
        {order.number !== null && text.orders.order(order.number)} <OwnerLink source={order.source} link={order.link} />
      </p>
    </div>
  );
}

export function Spend({ commerce }: { commerce: Region<Commerce> }) {
  const figures = commerce.customer?.orderStatistics ?? null;
  const unsure = figures?.partial ?? false;
  const count = figures && (unsure ? text.state.atLeast(formatNumber(figures.count)) : formatNumber(figures.count));
  return (
    <Box name="spend" title={text.spend.title} region={commerce} field="orderStatistics" records={["ORDER"]}>
      {figures && (
        <>
          {/* Sums of different currencies are never added. */}
          <ul class="sums">
            {figures.total.map((sum) => (
              <li key={sum.currency} class="amount">
                {unsure ? text.state.atLeast(formatMoney(sum)) : formatMoney(sum)}
              </li>
            ))}
          </ul>
          {figures.count === 0 && namesFor(commerce.sources, "ORDER").length === 0 ? (
            <NotAsked sources={commerce.sources} records="ORDER" />
          ) : figures.count === 0 && !unsure ? (
            <None>{text.spend.none}</None>
          ) : (
            <p class="facts soft">
              <span>{figures.count === 1 && !unsure ? text.spend.oneOrder : text.spend.orders(count ?? "")}</span>
              {figures.firstAt !== null && <span>{(unsure ? text.spend.sinceOrBefore : text.spend.since)(formatDay(figures.firstAt))}</span>}
              {figures.refunded.filter((sum) => Number(sum.amount) > 0).map((sum) => (
                <span key={sum.currency}>{text.spend.refunded(unsure ? text.state.atLeast(formatMoney(sum)) : formatMoney(sum))}</span>
              ))}
            </p>
          )}
        </>
      )}
    </Box>
  );
}

export function Subscriptions({ commerce }: { commerce: Region<Commerce> }) {
  const subscriptions = commerce.customer?.subscriptions ?? null;
  if (!commerce.loading && subscriptions?.nodes.length === 0 && isWhole(subscriptions)) return null;
  return (
    <Box name="subscriptions" title={text.subscriptions.title} region={commerce} field="subscriptions" lines={subscriptions?.sources}>
      <Missing list={subscriptions} region={commerce} />
      <ul class="rows">
        {subscriptions?.nodes.map((each) => (
          <li key={each.id}>
            <span>
              {each.plan ?? text.subscriptions.plan}{" "}
              <span class="soft">{describeEnd(each) ?? text.subscriptions.status[each.status]}</span>
            </span>
            {each.amount !== null && (
              <span class="soft">{formatMoney(each.amount)} {text.subscriptions.every[each.interval]}</span>
            )}
          </li>
        ))}
      </ul>
    </Box>
  );
}

type Subscription = NonNullable<Commerce["subscriptions"]>["nodes"][number];

function describeEnd({ renewsAt, cancelledAt, endsAt }: Subscription): string | null {
  if (endsAt !== null) return text.subscriptions.ends(formatDay(endsAt));
  if (cancelledAt !== null) return text.subscriptions.cancelled(formatDay(cancelledAt));
  return renewsAt !== null ? text.subscriptions.renews(formatDay(renewsAt)) : null;
}
