// How to reach the customer, and what else is known of the person.
import { useState } from "preact/hooks";
import { findFailure, isWithheld, type Region } from "../api/region";
import { formatDay } from "../format/times";
import { formatShare, nameCountry, writeWords } from "../format/values";
import type { CompletenessQuery } from "../generated/operations";
import { text } from "../i18n/language";
import type { Identity } from "./header";
import { Icon } from "./icons";
import { Box, None, Withheld } from "./states";

export function Contacts({ identity }: { identity: Region<Identity> }) {
  const { customer } = identity;
  const points = customer === null ? [] : pointsOf(customer);
  return (
    <Box name="contacts" title={text.contacts.title} region={identity} field="contactPoints" records={["CUSTOMER"]}>
      {points.length === 0 && <None>{text.contacts.none}{maybeMore(customer)}</None>}
      <ul class="contacts">
        {points.map((point) => <Contact key={point.value} {...point} />)}
      </ul>
    </Box>
  );
}

/** Say that another record may have what this customer lacks. */
const maybeMore = (customer: Identity | null): string => (customer?.identity.complete === false ? ` ${text.records.incomplete}` : "");

interface Point {
  kind: string;
  value: string;
  primary: boolean;
}

/** Take all ways to reach the customer, the primary ones first. */
function pointsOf({ contactPoints, email, phone }: Identity): Point[] {
  const own = [
    ...(email !== null ? [{ kind: "EMAIL", value: email, primary: true }] : []),
    ...(phone !== null ? [{ kind: "PHONE", value: phone, primary: true }] : []),
  ];
  const others = (contactPoints ?? []).filter(({ value }) => !own.some((each) => each.value === value));
  return [...own, ...others].sort((one, other) => Number(other.primary) - Number(one.primary));
}

/** Tell a number that can be called from one that is masked or hashed. */
export const isNumber = (value: string): boolean => /^\+?[\d\s()./-]{3,}$/.test(value);
const isMail = (value: string): boolean => value.includes("@") && !value.includes("*");

function Contact({ kind, value, primary }: Point) {
  const phone = kind === "PHONE";
  const usable = phone ? isNumber(value) : kind === "EMAIL" && isMail(value);
  if (!usable) {
    return (
      <li class={primary ? "contact" : "contact secondary"}>
        <Icon name={phone ? "phone" : "mail"} />
        <span>{value}</span>
      </li>
    );
  }
  return (
    <li class={primary ? "contact" : "contact secondary"}>
      <Icon name={phone ? "phone" : "mail"} />
      <a href={`${phone ? "tel" : "mailto"}:${value}`} title={phone ? text.customer.call : text.customer.write}>
        {/* A long address breaks behind its @, if it has to. */}
        {phone ? value : value.split("@").map((part, place) => (place === 0 ? part : <>@<wbr />{part}</>))}
      </a>
      <CopyButton value={value} />
    </li>
  );
}

export function CopyButton({ value, name = value }: { value: string; name?: string }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch {
      // the browser does not allow it now
    }
  };
  return (
    <button type="button" class="copy" aria-label={`${text.customer.copy}: ${name}`} title={text.customer.copy} onClick={copy}>
      <Icon name={copied ? "yes" : "copy"} />
      <span class="unseen" role="status">{copied ? text.customer.copied : ""}</span>
    </button>
  );
}

export function Address({ identity }: { identity: Region<Identity> }) {
  const address = identity.customer?.address ?? null;
  const lines =
    address === null
      ? []
      : [
          address.line,
          [address.postalCode, address.city].filter(Boolean).join(" "),
          [address.region, address.country && nameCountry(address.country)].filter(Boolean).join(", "),
        ].filter(Boolean);
  return (
    <Box name="address" title={text.contacts.address} region={identity} field="address" records={["CUSTOMER"]}>
      {address === null && <None>{text.contacts.noAddress}{maybeMore(identity.customer)}</None>}
      <address>{lines.map((line) => <span key={line}>{line}</span>)}</address>
    </Box>
  );
}

export function Account({ identity }: { identity: Region<Identity> }) {
  const account = identity.customer?.account ?? null;
  return (
    <Box name="account" title={text.contacts.account} region={identity} field="account" records={["ACCOUNT"]}>
      {account === null && <None>{text.contacts.noAccount}</None>}
      {account !== null && <p><strong>{account.name}</strong></p>}
      <p class="facts soft">
        {account?.industry && <span>{writeWords(account.industry)}</span>}
        {account?.size != null && <span>{text.contacts.people(account.size)}</span>}
        {account?.number && <span>{account.number}</span>}
      </p>
    </Box>
  );
}

function nameChannel(channel: Identity["preferredChannel"]): string | null {
  return channel === null || channel === "UNKNOWN" ? null : text.contacts.channel[channel];
}

const SHOWN_MISSING = 3;

function listMissing(fields: readonly string[]): string {
  const more = fields.length - SHOWN_MISSING;
  const names = fields.slice(0, SHOWN_MISSING).map(writeWords);
  return [...names, ...(more > 0 ? [text.customer.more(more)] : [])].join(", ");
}

/** What else is known, and which parts are missing. */
export interface ProfileProps {
  identity: Region<Identity>;
  completeness: Region<NonNullable<CompletenessQuery["customer"]>>;
  own: readonly [string, string][];
}

export function Profile({ identity, completeness, own }: ProfileProps) {
  const { customer, failures } = identity;
  const rows: [string, string, string | null][] =
    customer === null
      ? []
      : [
          ["memberNumber", text.contacts.member, customer.memberNumber],
          ["birthDate", text.contacts.born, customer.birthDate && formatDay(customer.birthDate.length === 10 ? `${customer.birthDate}T12:00:00` : customer.birthDate)],
          ["preferredChannel", text.contacts.prefers, nameChannel(customer.preferredChannel)],
          ...own.map(([name, value]): [string, string, string] => [name, name, value]),
        ];
  const { share = null, missing = [] } = completeness.customer?.completeness ?? {};
  return (
    <Box name="profile" title={text.contacts.completeness} region={identity} field="id" records={["CUSTOMER"]}>
      <dl class="pairs">
        {rows.map(([field, label, value]) => {
          const withheld = value === null && isWithheld(findFailure(failures, field));
          return value === null && !withheld ? null : (
            <div key={field}>
              <dt>{label}</dt>
              <dd>{withheld ? <Withheld /> : value}</dd>
            </div>
          );
        })}
      </dl>
      {share !== null && (
        <>
          <meter min={0} max={1} value={share} aria-label={text.contacts.completeness} />
          <p class="soft small">
            {text.contacts.known(formatShare(share))}
            {missing.length > 0 && `; ${text.contacts.missing(listMissing(missing))}`}
          </p>
        </>
      )}
    </Box>
  );
}

