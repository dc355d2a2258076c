// Open tickets: what the customer most likely calls about.
import { useState } from "preact/hooks";
import { isFieldWithheld, namesFor, type Region } from "../api/region";
import { formatAge, formatMoment } from "../format/times";
import type { ServiceQuery, TicketLineFragment, TicketPriority } from "../generated/operations";
import { text } from "../i18n/language";
import { OwnerLink } from "./owner-link";
import { Box, Missing, None, NotAsked, Withheld, isWhole, sayAsked } from "./states";

export type Service = NonNullable<ServiceQuery["customer"]>;

const SHOWN = 2;
const URGENCY: TicketPriority[] = ["URGENT", "HIGH", "NORMAL", "LOW", "UNKNOWN"];

export function Tickets({ service, now }: { service: Region<Service>; now: Date }) {
  const [unfolded, setUnfolded] = useState(false);
  const open = service.customer?.open ?? null;
  const nodes = [...(open?.nodes ?? [])].sort(
    (one, other) => URGENCY.indexOf(one.priority) - URGENCY.indexOf(other.priority) || other.createdAt.localeCompare(one.createdAt),
  );
  const count = isWhole(open) ? open!.totalCount : null;
  const written = count !== null ? String(count) : nodes.length > 0 ? text.state.atLeast(String(nodes.length)) : "";
  const all = service.customer?.all ?? null;
  const ever = isWhole(all) ? all!.totalCount : null;
  const hidden = isFieldWithheld(service.failures, "subject");
  const names = namesFor(service.sources, "TICKET");
  return (
    <Box
      name="tickets"
      title={text.tickets.title}
      region={service}
      field="open"
      lines={open?.sources}
      aside={nodes.length > 0 && <span class="count">{written}</span>}
    >
      <Missing list={open} region={service} />
      {nodes.length === 0 && names.length === 0 && <NotAsked sources={service.sources} records="TICKET" />}
      {nodes.length === 0 && names.length > 0 && isWhole(open) && (
        <None>
          {text.tickets.none(names.join(", "), sayAsked(open!.sources))} {ever !== null && ever > 0 && <span class="soft">{text.tickets.ever(ever)}</span>}
        </None>
      )}
      <ul class={nodes.length === 1 ? "tickets single" : "tickets"}>
        {(unfolded ? nodes : nodes.slice(0, SHOWN)).map((ticket) => (
          <li key={ticket.id}><OpenTicket ticket={ticket} now={now} hidden={hidden} /></li>
        ))}
      </ul>
      {nodes.length === 1 && ever !== null && ever > 1 && <p class="soft small">{text.tickets.ever(ever)}</p>}
      {nodes.length > SHOWN && (
        <button type="button" class="quiet" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
          {unfolded ? text.customer.less : text.customer.more(nodes.length - SHOWN)}
        </button>
      )}
      {count !== null && count > nodes.length && <p class="soft small">{text.tickets.newest(nodes.length, count)}</p>}
    </Box>
  );
}

function OpenTicket({ ticket, now, hidden }: { ticket: TicketLineFragment; now: Date; hidden: boolean }) {
  const last = ticket.messages.at(-1);
  const priority = text.tickets.priority[ticket.priority];
  return (
    <article class="ticket">
      <h3>
        {ticket.subject ?? (hidden ? <Withheld /> : text.tickets.noSubject)} <OwnerLink source={ticket.source} link={ticket.link} />
      </h3>
      <p class="facts soft">
        {priority && <span class={`priority ${ticket.priority.toLowerCase()}`}>{priority}</span>}
        <span>{text.tickets.status[ticket.status]}</span>
        <span title={formatMoment(ticket.createdAt)}>{text.tickets.opened(formatAge(ticket.createdAt, now))}</span>
      </p>
      {last?.body && (
        <p class="last-message">
          <b>{text.tickets.author[last.author]}:</b> {last.body}
        </p>
      )}
    </article>
  );
}
