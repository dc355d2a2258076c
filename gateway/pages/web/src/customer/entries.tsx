// The lines of the timeline: one record each, which opens in place.
import type { ComponentChildren } from "preact";
import { formatClock, formatMoment } from "../format/times";
import { capitalize, formatMoney, writeWords } from "../format/values";
import type { BehaviourQuery } from "../generated/operations";
import { text } from "../i18n/language";
import { readFragment, writeFragment } from "../navigation";
import { Icon, type IconName } from "./icons";
import { statusClass } from "./orders";
import { Withheld } from "./states";

export type Entry = NonNullable<NonNullable<BehaviourQuery["customer"]>["timeline"]>["nodes"][number];
type Of<Name extends Entry["__typename"]> = Extract<Entry, { __typename: Name }>;

/** Give the time at which an entry stands. */
export function timeOf(entry: Entry): string {
  switch (entry.__typename) {
    case "Order":
      return entry.placedAt;
    case "Ticket":
    case "Deal":
      return entry.createdAt;
    case "CustomerSubscription":
      return entry.startedAt;
    case "Event":
    case "Survey":
      return entry.at;
  }
}

const ICONS: Record<Entry["__typename"], IconName> = {
  Order: "order",
  Ticket: "ticket",
  Event: "event",
  Deal: "deal",
  CustomerSubscription: "subscription",
  Survey: "survey",
};

export function EntryLine({ entry, hidden }: { entry: Entry; hidden: boolean }) {
  const opened = readFragment().get("open") === entry.id;
  const details = detailsOf(entry);
  const head = (
    <>
      <Icon name={ICONS[entry.__typename]} />
      <span class="entry-words">{wordsOf(entry, hidden)}</span>
      <time dateTime={timeOf(entry)} title={formatMoment(timeOf(entry))}>{formatClock(timeOf(entry))}</time>
    </>
  );
  return (
    <li class={`entry ${entry.__typename.toLowerCase()}`}>
      {details === null ? (
        <div class="entry-head">{head}</div>
      ) : (
        <button
          type="button"
          class="entry-head"
          aria-expanded={opened}
          onClick={() => writeFragment({ open: opened ? "" : entry.id })}
        >
          {head}
        </button>
      )}
      {opened && <div class="entry-details">{details}</div>}
    </li>
  );
}

export function EventGroup({ events }: { events: readonly Entry[] }) {
  const id = events[0]!.id;
  const opened = readFragment().get("open") === id;
  const counts = new Map<string, number>();
  for (const event of events) {
    if (event.__typename === "Event") counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
  }
  const words = [...counts].map(([type, count]) => (count > 1 ? `${writeWords(type)} × ${count}` : writeWords(type)));
  return (
    <li class="entry event">
      <button type="button" class="entry-head" aria-expanded={opened} onClick={() => writeFragment({ open: opened ? "" : id })}>
        <Icon name="event" />
        <span class="entry-words">
          {text.timeline.events(events.length)} <span class="soft">{words.join(", ")}</span>
        </span>
        <time dateTime={timeOf(events[0]!)}>{formatClock(timeOf(events[0]!))}</time>
      </button>
      {opened && (
        <ol class="entry-details">
          {events.map((event) => (
            <li key={event.id} class="entry-event">
              <span>{wordsOf(event)}</span>
              <time dateTime={timeOf(event)}>{formatClock(timeOf(event))}</time>
            </li>
          ))}
        </ol>
      )}
    </li>
  );
}

function wordsOf(entry: Entry, hidden = false): ComponentChildren {
  switch (entry.__typename) {
    case "Order":
      return (
        <>
          <b>{entry.number === null ? text.timeline.only.ORDER : text.orders.order(entry.number)}</b>{" "}
          {entry.total !== null && formatMoney(entry.total)}{" "}
          <span class={`status ${statusClass(entry.orderStatus)}`}>{text.orders.status[entry.orderStatus]}</span>
        </>
      );
    case "Ticket":
      return (
        <>
          <b>{entry.subject ?? (hidden ? <Withheld /> : text.tickets.noSubject)}</b>{" "}
          <span class={isOpen(entry) ? "status bad" : "status"}>{text.tickets.status[entry.ticketStatus]}</span>
        </>
      );
    case "Event":
      return <>{capitalize(writeWords(entry.type))} <span class="soft">{entry.page ?? entry.feature}</span></>;
    case "Deal":
      return (
        <>
          <b>{entry.name ?? text.timeline.deal}</b> {entry.amount !== null && formatMoney(entry.amount)}{" "}
          <span class="soft">{entry.stageName ?? text.timeline.stage[entry.stage]}</span>
        </>
      );
    case "CustomerSubscription":
      return (
        <>
          <b>{entry.plan ?? text.subscriptions.plan}</b> {entry.amount !== null && formatMoney(entry.amount)}{" "}
          <span class="soft">{text.subscriptions.status[entry.subscriptionStatus]}</span>
        </>
      );
    case "Survey":
      return (
        <>
          <b>{text.timeline.survey[entry.surveyKind]}</b>{" "}
          {entry.score !== null &&
            (entry.scale === null ? entry.score : text.timeline.outOf(String(entry.score), String(entry.scale)))}
        </>
      );
  }
}

const isOpen = ({ ticketStatus }: Of<"Ticket">): boolean => !["SOLVED", "CLOSED", "UNKNOWN"].includes(ticketStatus);

/** Give what opens under an entry; null where its line says all. */
function detailsOf(entry: Entry): ComponentChildren | null {
  switch (entry.__typename) {
    case "Order":
      return entry.items.length === 0 ? null : (
        <ul class="rows">
          {entry.items.map((item, place) => (
            <li key={place}>
              <span>{item.name ?? "–"} {String(item.quantity) !== "1" && <span class="soft">× {item.quantity}</span>}</span>
              {item.unitPrice !== null && <span class="amount">{formatMoney(item.unitPrice)}</span>}
            </li>
          ))}
        </ul>
      );
    case "Ticket":
      return entry.messages.length === 0 ? null : (
        <ol class="messages">
          {entry.messages.map((message, place) => (
            <li key={place} class={`message ${message.author.toLowerCase()}`}>
              <p class="soft small">
                {text.tickets.author[message.author]} {message.at !== null && <time dateTime={message.at}>{formatMoment(message.at)}</time>}
              </p>
              <p>{message.body}</p>
            </li>
          ))}
        </ol>
      );
    case "Survey":
      return entry.comment === null ? null : <p>{entry.comment}</p>;
    default:
      return null;
  }
}
