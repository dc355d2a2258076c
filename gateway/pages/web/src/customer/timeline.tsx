// What happened between the customer and the company, the newest day first.
import { useEffect, useRef, useState } from "preact/hooks";
import { askGateway } from "../api/gateway";
import { isFieldWithheld, type Region } from "../api/region";
import { formatLongDay, formatShortDay } from "../format/times";
import { BehaviourDocument, type BehaviourQuery, type RecordType } from "../generated/operations";
import { text } from "../i18n/language";
import { readFragment, writeFragment } from "../navigation";
import { EntryLine, EventGroup, timeOf, type Entry } from "./entries";
import { Box, Missing, None, isWhole, sayAsked } from "./states";

export type Behaviour = NonNullable<BehaviourQuery["customer"]>;
export type Kind = keyof typeof text.timeline.only;

interface More {
  nodes: Entry[];
  next: string | null;
  /** The pages that were asked for, each with what it lacks. */
  lists: NonNullable<Behaviour["timeline"]>[];
}

const KINDS = Object.keys(text.timeline.only) as Kind[];

/** Read which records are shown from the address. */
export function readKinds(): Kind[] | null {
  const named = (readFragment().get("only") ?? "").split(",").filter((name): name is Kind => KINDS.includes(name as Kind));
  return named.length > 0 ? named : null;
}

export function Timeline({ id, behaviour, now }: { id: string; behaviour: Region<Behaviour>; now: Date }) {
  const kinds = readKinds();
  const first = behaviour.customer?.timeline ?? null;
  const [more, setMore] = useState<More | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const shown = useRef(first);
  shown.current = first;
  useEffect(() => {
    setMore(null);
    setFailed(null);
  }, [first]);
  const nodes = [...(first?.nodes ?? []), ...(more?.nodes ?? [])];
  const next = more !== null ? more.next : nextOf(first);
  const hidden = isFieldWithheld(behaviour.failures, "subject");
  const showMore = async () => {
    setBusy(true);
    setFailed(null);
    const { data, failures } = await askGateway(BehaviourDocument, { id, records: kinds as RecordType[] | null, after: next });
    setBusy(false);
    if (shown.current !== first) return; // of a timeline that is not shown any more
    const page = data?.customer?.timeline ?? null;
    if (page === null) setFailed(failures[0]?.code ?? "UNKNOWN");
    else setMore({ nodes: [...(more?.nodes ?? []), ...page.nodes], next: nextOf(page), lists: [...(more?.lists ?? []), page] });
  };
  const lists = first === null ? [] : [first, ...(more?.lists ?? [])];
  const list = first && {
    unavailable: [...new Set(lists.flatMap(({ unavailable }) => unavailable))],
    partial: lists.some(({ partial }) => partial),
  };
  const names = [...new Set((first?.sources ?? []).flatMap(({ name }) => name ?? []))];
  return (
    <Box
      name="timeline"
      title={text.timeline.title}
      region={behaviour}
      field="timeline"
      lines={first?.sources}
      top={<Filters kinds={kinds} />}
    >
      <Missing list={list} region={behaviour} />
      {nodes.length === 0 && names.length === 0 && <None>{text.state.notAsked}</None>}
      {nodes.length === 0 && names.length > 0 && isWhole(list) && (
        <None>{text.timeline.none(names.join(", "), sayAsked(first!.sources))}</None>
      )}
      {daysOf(nodes).map(([day, entries]) => (
        <section key={day} class="day" aria-label={formatLongDay(timeOf(entries[0]!))}>
          <h3 title={formatLongDay(timeOf(entries[0]!))}>{nameDay(entries[0]!, now)}</h3>
          <ol>
            {groupEvents(entries).map((group) =>
              group.length > 1 ? (
                <EventGroup key={group[0]!.id} events={group} />
              ) : (
                <EntryLine key={group[0]!.id} entry={group[0]!} hidden={hidden} />
              ),
            )}
          </ol>
        </section>
      ))}
      {next !== null && (
        <button type="button" class="more" disabled={busy} onClick={showMore}>
          {busy ? text.state.asking : text.timeline.more}
        </button>
      )}
      {failed !== null && (
        <p class="alert small" role="alert">{failed === "OFFLINE" ? text.failure.offline : text.failure.other(failed)}</p>
      )}
      {next === null && nodes.length > 0 && isWhole(list) && <p class="end soft small">{text.timeline.end}</p>}
    </Box>
  );
}

function Filters({ kinds }: { kinds: Kind[] | null }) {
  return (
    <div class="filters" role="group" aria-label={text.timeline.title}>
      <FilterButton on={kinds === null} name={text.timeline.all} onClick={() => writeFragment({ only: "" })} />
      {KINDS.map((kind) => (
        <FilterButton
          key={kind}
          on={kinds?.includes(kind) ?? false}
          name={text.timeline.only[kind]}
          onClick={() => writeFragment({ only: toggle(kinds ?? [], kind).join(",") })}
        />
      ))}
    </div>
  );
}

function FilterButton({ on, name, onClick }: { on: boolean; name: string; onClick: () => void }) {
  return <button type="button" class="filter" aria-pressed={on} onClick={onClick}>{name}</button>;
}

function toggle(kinds: readonly Kind[], kind: Kind): Kind[] {
  return kinds.includes(kind) ? kinds.filter((each) => each !== kind) : [...kinds, kind];
}

function nextOf(page: Behaviour["timeline"]): string | null {
  return page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
}

/** Gather entries by day in the viewer's zone. */
function daysOf(entries: readonly Entry[]): [string, Entry[]][] {
  const days = new Map<string, Entry[]>();
  for (const entry of entries) {
    const day = new Date(timeOf(entry)).toDateString();
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return [...days];
}

/** Gather events that follow each other: one line tells what twenty would. */
function groupEvents(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (entry.__typename === "Event" && last?.[0]?.__typename === "Event") last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function nameDay(entry: Entry, now: Date): string {
  const day = new Date(timeOf(entry));
  const before = new Date(now.getTime() - 86_400_000);
  if (day.toDateString() === now.toDateString()) return text.timeline.today;
  if (day.toDateString() === before.toDateString()) return text.timeline.yesterday;
  return formatShortDay(timeOf(entry), now);
}
