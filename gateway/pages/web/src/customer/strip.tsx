// The strip of sources: quiet while all is well.
import { findRefusal, isWithheld, type Region } from "../api/region";
import { formatSince } from "../format/times";
import type { SourceLineFragment, SourceState } from "../generated/operations";
import { text } from "../i18n/language";
import { AskAgain } from "./states";

const WORST: SourceState[] = ["UNAVAILABLE", "STALE", "FRESH", "NOT_CONFIGURED"];

export function SourceStrip({ regions }: { regions: readonly Region<unknown>[] }) {
  const lines = mergeLines(regions);
  const loading = regions.some((region) => region.loading);
  const unavailable = lines.filter(({ state }) => state === "UNAVAILABLE");
  const stale = lines.filter(({ state, asOf }) => state === "STALE" && asOf !== null);
  const dropping = lines.filter(({ state, droppedRecords }) => state === "FRESH" && droppedRecords > 0);
  const troubled = [...unavailable, ...stale];
  const refused = regions.filter((region) => {
    const refusal = findRefusal(region);
    return refusal !== null && !isWithheld(refusal);
  });
  const well = lines.length - troubled.length;
  return (
    <div class="strip" role="group" aria-label={text.sources.title}>
      {loading && lines.length === 0 && <span class="pill">{text.sources.asking}</span>}
      {unavailable.length > 0 && (
        <span class="pill unavailable">
          <i class="dot" aria-hidden="true" />
          {namesOf(unavailable)}: {text.sources.unavailable}
          <AskAgain region={askersOf(unavailable, regions)} sources={namesIn(unavailable)} />
        </span>
      )}
      {stale.length > 0 && (
        <span class="pill stale">
          <i class="dot" aria-hidden="true" />
          {namesOf(stale)}: {text.state.asOf(formatSince(stale.map(({ asOf }) => asOf ?? "").sort()[0]!))}
          <AskAgain region={askersOf(stale, regions)} sources={namesIn(stale)} />
        </span>
      )}
      {refused.length > 0 && (
        <span class="pill unavailable">
          <i class="dot" aria-hidden="true" />
          {text.sources.refused}
          <AskAgain region={joinRegions(refused)} />
        </span>
      )}
      {dropping.map((line) => (
        <span key={line.name} class="pill">{line.name}: {text.sources.dropped(line.droppedRecords)}</span>
      ))}
      {well > 0 && (
        <span class="pill fresh" title={lines.map(({ name }) => name).join(", ")}>
          <i class="dot" aria-hidden="true" />
          {troubled.length + refused.length === 0 ? text.sources.allWell(well) : text.sources.others(well)}
        </span>
      )}
    </div>
  );
}

const MAX_NAMES = 3;

function namesOf(lines: readonly SourceLineFragment[]): string {
  const names = lines.map(({ name }) => name);
  return names.length > MAX_NAMES ? `${names.slice(0, 2).join(", ")} +${names.length - 2}` : names.join(", ");
}

const namesIn = (lines: readonly SourceLineFragment[]): string[] => lines.flatMap(({ name }) => (name === null ? [] : [name]));

/** Merge what all answers say of each source: the worst counts. */
function mergeLines(regions: readonly Region<unknown>[]): SourceLineFragment[] {
  const lines = new Map<string, SourceLineFragment>();
  for (const line of regions.flatMap((region) => region.sources)) {
    if (line.name === null || line.state === "NOT_CONFIGURED") continue;
    const before = lines.get(line.name);
    if (!before || WORST.indexOf(line.state) < WORST.indexOf(before.state)) lines.set(line.name, line);
  }
  return [...lines.values()];
}

/** Ask again what these sources were missing in, and nothing else. */
function askersOf(lines: readonly SourceLineFragment[], regions: readonly Region<unknown>[]): Region<unknown> {
  const names = lines.map(({ name }) => name);
  const missing = regions.filter(({ sources }) =>
    sources.some(({ name, state }) => names.includes(name) && (state === "UNAVAILABLE" || state === "STALE")),
  );
  return joinRegions(missing);
}

function joinRegions(regions: readonly Region<unknown>[]): Region<unknown> {
  return { ...regions[0]!, asking: regions.some(({ asking }) => asking), ask: () => regions.forEach(({ ask }) => ask()) };
}
