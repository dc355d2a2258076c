// Who it is: name, company, consents and the three tags that say most.
import { useState } from "preact/hooks";
import { findFailure, isWithheld, type Region } from "../api/region";
import { formatDay } from "../format/times";
import { clockIn, initialsOf, nameLanguage } from "../format/values";
import type { IdentityQuery, TagsQuery } from "../generated/operations";
import { text } from "../i18n/language";
import { isNumber } from "./contacts";
import { Icon, type IconName } from "./icons";
import { Withheld } from "./states";
import { TagChip, chooseTags } from "./tags";

export type Identity = NonNullable<IdentityQuery["customer"]>;
type Tags = NonNullable<TagsQuery["customer"]>;

interface HeaderProps {
  identity: Region<Identity>;
  tags: Region<Tags>;
  chosen: readonly string[];
  now: Date;
}

export function CustomerHeader({ identity, tags, chosen, now }: HeaderProps) {
  const { customer, failures } = identity;
  if (customer === null) {
    return (
      <header class="who-is loading" aria-busy="true">
        <i class="portrait" />
        <div class="who-words"><i /><i /></div>
        <div class="who-more" />
        <b class="call" />
      </header>
    );
  }
  const named = customer.name !== null;
  const all = tags.customer?.tags ?? [];
  const shown = chooseTags(all, chosen);
  return (
    <header class="who-is" data-region="header">
      <span class="portrait" aria-hidden="true">{named ? initialsOf(customer.name!) : "·"}</span>
      <div class="who-words">
        <h1>
          {named ? customer.name : isWithheld(findFailure(failures, "name")) ? <Withheld /> : text.customer.unnamed}
        </h1>
        <p class="facts">
          {describePerson(customer).map((words) => <span key={words}>{words}</span>)}
        </p>
        <p class="facts soft">
          {describeSetting(customer, now).map((words) => <span key={words}>{words}</span>)}
        </p>
      </div>
      <div class="who-more">
        <ul class="chips" aria-label={text.tags.title}>
          {shown.map((tag) => <li key={tag.key}><TagChip tag={tag} /></li>)}
          {all.length > shown.length && <li class="chip-more">+{all.length - shown.length}</li>}
        </ul>
        <Consents consents={customer.consents} withheld={isWithheld(findFailure(failures, "consents"))} />
      </div>
      {customer.phone !== null && isNumber(customer.phone) && (
        <a class="call primary" href={`tel:${customer.phone}`}><Icon name="phone" />{text.customer.call}</a>
      )}
    </header>
  );
}

function describePerson({ kind, company, jobTitle, account }: Identity): string[] {
  const employer = company?.name ?? account?.name ?? null;
  const role = jobTitle ?? company?.roleName ?? (company?.role ? text.customer.role[company.role] : "");
  const works = employer !== null ? text.customer.worksAt(role ?? "", employer) : (role ?? "");
  return [kind === "COMPANY" || works === "" ? text.customer.kind[kind ?? "UNKNOWN"] : "", works].filter((words) => words !== "");
}

function describeSetting({ createdAt, address, locale }: Identity, now: Date): string[] {
  const clock = address?.country ? clockIn(address.country, now) : null;
  return [
    createdAt !== null ? text.customer.since(formatDay(createdAt)) : "",
    address?.city ?? "",
    clock !== null ? text.customer.localTime(clock) : "",
    locale !== null ? text.customer.speaks(nameLanguage(locale)) : "",
  ].filter((words) => words !== "");
}

const SHOWN_CONSENTS = 4;
const CONSENT_ICONS: Record<string, IconName> = { GRANTED: "yes", DENIED: "no", WITHDRAWN: "no", UNKNOWN: "unknown" };

function Consents({ consents, withheld }: { consents: Identity["consents"]; withheld: boolean }) {
  const [all, setAll] = useState(false);
  if (withheld) return <Withheld />;
  if (consents === null || consents.length === 0) return null;
  const more = consents.length - SHOWN_CONSENTS;
  return (
    <ul class="consents" aria-label={text.contacts.consents}>
      {(all ? consents : consents.slice(0, SHOWN_CONSENTS)).map(({ channel, purpose, state }) => (
        <li key={`${channel}${purpose}`} class={`consent ${state.toLowerCase()}`}>
          <Icon name={CONSENT_ICONS[state] ?? "unknown"} />
          {[text.contacts.channel[channel], purpose].filter(Boolean).join(" · ")}: {text.contacts.consent[state]}
        </li>
      ))}
      {more > 0 && (
        <li>
          <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? text.customer.less : text.customer.more(more)}
          </button>
        </li>
      )}
    </ul>
  );
}
