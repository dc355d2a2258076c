// The states of a part of the page, each different to the eye and said aloud.
import type { ComponentChildren } from "preact";
import { findFailure, findRefusal, isWithheld, staleSince, type Region } from "../api/region";
import { startRest, useRest } from "../api/rests";
import { formatSince } from "../format/times";
import type { RecordType, SourceLineFragment } from "../generated/operations";
import { text } from "../i18n/language";
import { Icon } from "./icons";

export interface BoxProps {
  name: string;
  title: string;
  region: Region<unknown>;
  /** The field of the customer that fills the box. */
  field: string;
  /** What the sources contributed to the list in the box, or else which records it shows. */
  lines?: readonly SourceLineFragment[] | undefined;
  records?: readonly RecordType[];
  aside?: ComponentChildren;
  /** What stands above, whatever comes of the rest. */
  top?: ComponentChildren;
  children: ComponentChildren;
}

/** A part with its title: what fills it, or why that is not there. */
export function Box({ name, title, region, field, lines, records = [], aside, top, children }: BoxProps) {
  const failure = region.loading ? null : (findRefusal(region) ?? findFailure(region.failures, field));
  const stale = lines ? staleSince(lines) : staleSince(region.sources, records);
  return (
    <section class={`box box-${name}`} data-region={name} aria-labelledby={`box-${name}`} aria-busy={region.loading}>
      <header>
        <h2 id={`box-${name}`}>{title}</h2>
        {stale !== null && <Stale since={stale} />}
        {!region.loading && failure === null && aside}
      </header>
      {top}
      {region.loading ? (
        <Loading />
      ) : isWithheld(failure) ? (
        <Withheld />
      ) : failure !== null ? (
        <Unavailable source={failure.source} code={failure.code} region={region} />
      ) : (
        children
      )}
    </section>
  );
}

export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="unseen">{text.state.loading}</span>
      <i />
      <i />
      <i />
    </div>
  );
}

export function Withheld() {
  return (
    <span class="withheld" data-state="withheld">
      <Icon name="lock" />
      {text.state.withheld}
    </span>
  );
}

export function Stale({ since }: { since: string }) {
  return <span class="stale" data-state="stale">{text.state.asOf(formatSince(since))}</span>;
}

export function None({ children }: { children: ComponentChildren }) {
  return <p class="none" data-state="none">{children}</p>;
}

export function reasonOf(code: string): string {
  return text.state.reason[code] ?? text.state.otherReason(code);
}

/** A grey row in the place of what is missing. */
export function Unavailable({ source, code, region }: { source: string | null; code: string; region: Region<unknown> }) {
  return (
    <div class="unavailable" data-state="unavailable" role="status">
      <p>{source === null ? text.state.refused(reasonOf(code)) : text.state.unavailable(source, reasonOf(code))}</p>
      <AskAgain region={region} {...(source === null ? {} : { sources: [source] })} />
    </div>
  );
}

/** What is known of how whole a list is. */
interface Listed {
  unavailable: readonly string[];
  partial: boolean;
}

/** Tell whether all sources of a list were asked, and gave all of it: only then there is none of what it lacks. */
export function isWhole(list: Listed | null): boolean {
  return list !== null && list.unavailable.length === 0 && !list.partial;
}

/** Say when the sources of a list were asked, where it is shown as what there is. */
export function sayAsked(lines: readonly SourceLineFragment[]): string {
  const since = staleSince(lines);
  return since === null ? text.state.askedNow : text.state.asOf(formatSince(since));
}

/** Say why no source was asked for some records: there is none, or none finds them by what is known of the customer. */
export function NotAsked({ sources, records }: { sources: readonly SourceLineFragment[]; records: RecordType }) {
  const none = sources.some(({ state, records: own }) => state === "NOT_CONFIGURED" && own.includes(records));
  return <p class="none" data-state={none ? "none" : "not-asked"}>{none ? text.state.noSource : text.state.notAsked}</p>;
}

/** A grey row above what there is without some sources, or without what cannot be read. */
export function Missing({ list, region }: { list: Listed | null; region: Region<unknown> }) {
  if (list === null) return null;
  const sources = list.unavailable;
  if (sources.length === 0) return list.partial ? <p class="soft small" data-state="incomplete">{text.state.mayBeMore}</p> : null;
  const line = region.sources.find(({ name, errorCode }) => name === sources[0] && errorCode !== null);
  return (
    <div class="unavailable" data-state="unavailable" role="status">
      <p>
        {sources.length === 1 && line
          ? text.state.unavailable(sources[0]!, reasonOf(line.errorCode!))
          : text.state.missing(sources.join(", "))}
      </p>
      <AskAgain region={region} sources={sources} />
    </div>
  );
}

const NO_SOURCES = [""];

/** Ask a region again, unless its `sources` were asked just now; none where it is the gateway that gave no answer. */
export function AskAgain({ region, sources = NO_SOURCES }: { region: Region<unknown>; sources?: readonly string[] }) {
  const left = useRest(sources);
  const ask = () => {
    startRest(sources);
    region.ask();
  };
  return (
    <button type="button" class="again" disabled={region.asking || left > 0} onClick={ask}>
      {region.asking ? text.state.asking : left > 0 ? text.state.askedLately(left) : text.state.askAgain}
    </button>
  );
}
