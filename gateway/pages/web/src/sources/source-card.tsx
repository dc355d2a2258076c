// One source: whether it is asked, its calls by minute and by how they ended, and what of it cannot be read.
import { BarChart } from "../charts/bar-chart";
import { LineChart } from "../charts/line-chart";
import { ShareChart, type Part } from "../charts/share-chart";
import { reasonOf } from "../customer/states";
import { formatMoment } from "../format/times";
import { formatNumber, formatShare, writeWords } from "../format/values";
import type { SourceActivityQuery } from "../generated/operations";
import { reports } from "../i18n/reports";
import { Facts } from "../reports/report-page";
import { fillMinutes } from "./minutes";

type Counts = NonNullable<SourceActivityQuery["sourceActivity"]>["sources"][number];

const texts = reports.sources;
const ms = (value: number): string => texts.ms(formatNumber(value < 10 ? value : Math.round(value)));

export function SourceCard({ counts, now }: { counts: Counts; now: string }) {
  const { source } = counts;
  const minutes = fillMinutes(counts.minutes, now);
  const times = minutes.map(({ at }) => at);
  return (
    <section class="box report-card" data-source={source.name} aria-labelledby={`source-${source.name}`}>
      <header>
        <h2 id={`source-${source.name}`}>{source.name}</h2>
        <span class="soft">{source.kind}</span>
        <span class={`health health-${source.health.toLowerCase()}`} data-state={source.health}>
          {texts.health[source.health]}
          {counts.pausedSeconds !== null && ` ${texts.paused(formatNumber(Math.ceil(counts.pausedSeconds)))}`}
        </span>
      </header>
      {counts.heldSeconds > 0 && <p class="note grey">{texts.held(formatNumber(Math.ceil(counts.heldSeconds)))}</p>}
      <Facts facts={listFacts(counts)} />
      <div class="charts">
        <LineChart
          title={texts.perMinute}
          times={times}
          format={formatNumber}
          lines={[
            { label: texts.calls, tone: "plain", values: minutes.map(({ calls }) => calls) },
            { label: texts.failed, tone: "bad", values: minutes.map(({ failed }) => failed) },
          ]}
        />
        <LineChart
          title={texts.latency}
          times={times}
          format={ms}
          lines={[
            { label: texts.p50, tone: "plain", values: minutes.map(({ p50 }) => p50) },
            { label: texts.p95, tone: "bad", values: minutes.map(({ p95 }) => p95) },
          ]}
        />
        <ShareChart title={texts.outcomes} of={texts.code} parts={counts.outcomes.map(partOf)} />
        <BarChart
          title={texts.refused}
          of={texts.code}
          bars={counts.refusedLookups.map(({ code, count }) => ({ label: reasonOf(code), value: count }))}
        />
        <BarChart
          title={texts.dropped}
          of={texts.what}
          bars={counts.droppedRecords.map(({ record, reason, count }) => ({
            label: `${writeWords(record)}: ${texts.reason[reason] ?? reason}`,
            value: count,
          }))}
        />
        <BarChart
          title={texts.unreadable}
          of={texts.what}
          bars={counts.unreadableValues.map(({ record, path, reason, count }) => ({
            label: `${writeWords(record)} ${path ?? ""}: ${texts.reason[reason] ?? reason}`,
            value: count,
          }))}
        />
      </div>
      {counts.droppedRecords.length + counts.unreadableValues.length === 0 && <p class="none">{texts.allReadable}</p>}
    </section>
  );
}

function partOf({ code, count }: { code: string; count: number }): Part {
  if (code === "OK") return { label: texts.ok, value: count, tone: "good" };
  if (code === "CANCELLED") return { label: texts.cancelled, value: count, tone: "soft" };
  return { label: `${reasonOf(code)} (${code})`, value: count, tone: code === "SOURCE_TIMEOUT" ? "warn" : "bad" };
}

function listFacts(counts: Counts): [string, string][] {
  const { calls, failed, latencyP50Ms, latencyP95Ms, cacheHits, cacheMisses } = counts;
  const kept = cacheHits + cacheMisses;
  return [
    [texts.since, formatMoment(counts.since)],
    [texts.calls, formatNumber(calls)],
    [texts.failed, calls === 0 ? formatNumber(0) : `${formatNumber(failed)} (${formatShare(failed / calls)})`],
    [texts.p50, latencyP50Ms === null ? texts.none : ms(latencyP50Ms)],
    [texts.p95, latencyP95Ms === null ? texts.none : `${ms(latencyP95Ms)} ${texts.recent(formatNumber(counts.recentCalls))}`],
    [texts.underWay, texts.ofMost(formatNumber(counts.callsUnderWay), formatNumber(counts.maxCalls))],
    [texts.waiting, formatNumber(counts.waitingKeys)],
    [texts.retries, formatNumber(counts.retries)],
    [texts.openings, texts.times(formatNumber(counts.breakerOpenings))],
    [texts.cache, kept === 0 ? formatNumber(0) : `${formatNumber(cacheHits)} (${formatShare(cacheHits / kept)})`],
    [texts.stale, formatNumber(counts.staleAnswers)],
    [texts.quota, writeQuota(counts)],
    [texts.finds, [...new Set(counts.source.lookups.map(({ record }) => writeWords(record)))].join(", ")],
  ];
}

function writeQuota({ callsLeft, callsPerSecond, quotaLeft }: Counts): string {
  if (quotaLeft !== null) return texts.quotaLeft(formatNumber(quotaLeft));
  if (callsPerSecond === null) return texts.noQuota;
  return texts.left(formatNumber(callsLeft ?? 0), formatNumber(callsPerSecond));
}
