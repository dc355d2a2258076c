// One customer who may be meant.
import { formatAge, readClock } from "../format/times";
import { text } from "../i18n/language";
import { markDigits, markWords, type Part } from "./marks";
import type { Card, Match } from "./use-find";

const BY_WORDS = new Set(["NAME", "EMAIL", "COMPANY"]);

export function Candidate({ match, typed, card }: { match: Match; typed: string; card: Card | undefined }) {
  const { customer, matchedBy, exact } = match;
  const contact = matchedBy === "PHONE" ? customer.phone : matchedBy === "MEMBER_NUMBER" ? customer.memberNumber : customer.email;
  const place = [customer.company?.name, customer.address?.city ?? customer.address?.country].filter(Boolean);
  const marked = matchedBy === "PHONE" ? markDigits : markWords;
  return (
    <div class="candidate">
      <div class="candidate-who">
        <strong>
          <Marked parts={BY_WORDS.has(matchedBy) ? markWords(customer.name ?? customer.id, typed) : plain(customer.name ?? customer.id)} />
        </strong>
        <span class="candidate-where">{place.join(" · ")}</span>
      </div>
      <div class="candidate-what">
        <span class="candidate-contact">{contact && <Marked parts={marked(contact, typed)} />}</span>
        <span class="candidate-lately">{card && <Lately card={card} />}</span>
      </div>
      <span class={exact ? "match exact" : "match"}>
        {text.search.by[matchedBy]} · {exact ? text.search.exact : text.search.similar}
      </span>
    </div>
  );
}

function Lately({ card }: { card: Card }) {
  const tickets = isWhole(card.tickets) ? card.tickets!.totalCount : null;
  const order = isWhole(card.orders) ? card.orders!.nodes[0] : null;
  return (
    <>
      {tickets != null && tickets > 0 && <em class="alert">{text.search.openTickets(tickets)}</em>}
      {tickets === 0 && <span>{text.search.noOpenTickets}</span>}
      {tickets === null && <span>{text.search.ticketsUnknown}</span>}
      {order && <span>{text.search.lastOrder(formatAge(order.placedAt, readClock()))}</span>}
      {order === null && <span>{text.search.ordersUnknown}</span>}
    </>
  );
}

/** Tell whether a list lacks nothing that is known to be: else its count and its newest may be others. */
function isWhole(list: { unavailable: string[]; partial: boolean } | null): boolean {
  return list !== null && list.unavailable.length === 0 && !list.partial;
}

const plain = (text: string): Part[] => [{ text, marked: false }];

function Marked({ parts }: { parts: Part[] }) {
  return <>{parts.map((part, place) => (part.marked ? <mark key={place}>{part.text}</mark> : part.text))}</>;
}
