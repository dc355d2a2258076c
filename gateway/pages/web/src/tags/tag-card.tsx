// One tag: its owner and its words, how its values are spread, how much of it is whole, and who uses it.
import { BarChart, type Bar } from "../charts/bar-chart";
import { ShareChart } from "../charts/share-chart";
import { formatDay, formatMoment } from "../format/times";
import { formatNumber, writeValue, writeWords } from "../format/values";
import type { TagDefinitionsQuery } from "../generated/operations";
import { text } from "../i18n/language";
import { reports } from "../i18n/reports";
import { Facts, listOf } from "../reports/report-page";
import type { ReportedTag } from "./tags-page";

type Definition = TagDefinitionsQuery["tagDefinitions"][number];

const texts = reports.tags;

export function TagCard({ tag, figures, days }: { tag: Definition; figures: ReportedTag | null; days: number }) {
  return (
    <section class="box report-card" data-tag={tag.key} aria-labelledby={`tag-${tag.key}`}>
      <header>
        <h2 id={`tag-${tag.key}`}>{tag.label}</h2>
        <span class="soft">{tag.key}</span>
        <span class="soft">{text.tags.category[tag.category]}</span>
      </header>
      <p>{tag.description}</p>
      <p class="words">{tag.words}</p>
      <Facts
        facts={[
          [texts.owner, tag.owner],
          [texts.version, formatNumber(tag.version)],
          [texts.since, figures === null || figures.changedAt === null ? texts.notNoted : formatDay(figures.changedAt)],
          ...(tag.review === null ? [] : ([[texts.review, formatDay(tag.review)]] as const)),
          [texts.ttl, texts.hours(formatNumber(tag.ttlSeconds / 3600))],
          ...(tag.thresholds.length === 0
            ? []
            : ([[texts.thresholds, tag.thresholds.map(({ name, value }) => `${name} = ${writeValue(value)}`).join(", ")]] as const)),
          ...(figures === null
            ? []
            : ([
                [texts.readBy, listOf(figures.segments)],
                [texts.starts, listOf(figures.actions)],
              ] as const)),
        ]}
      />
      {figures !== null && <Figures tag={tag} figures={figures} days={days} />}
      <details>
        <summary>{texts.rule}<span class="unseen">: {tag.label}</span></summary>
        <pre tabIndex={0}>{tag.expression}</pre>
      </details>
    </section>
  );
}

function Figures({ tag, figures, days }: { tag: Definition; figures: ReportedTag; days: number }) {
  const { sampled, given, partial, failed } = figures;
  return (
    <>
      <div class="charts">
        <BarChart title={texts.sample(formatNumber(sampled))} of={texts.value} bars={sampled === 0 ? [] : listValues(tag, figures)} />
        <ShareChart
          title={texts.quality}
          of={texts.state}
          parts={[
            { label: texts.whole, value: Math.max(0, given - partial), tone: "good" },
            { label: texts.partial, value: partial, tone: "warn" },
            { label: texts.failed, value: failed, tone: "bad" },
            { label: texts.noValue, value: Math.max(0, sampled - Math.max(given, partial) - failed), tone: "soft" },
          ]}
        />
        <Callers title={texts.usage(formatNumber(days))} figures={figures} />
      </div>
      {sampled === 0 && <p class="none">{texts.nothingStored}</p>}
      {figures.asked === 0 && <p class="none">{texts.neverAsked}</p>}
      {figures.history.length > 0 && <History figures={figures} />}
    </>
  );
}

export function Callers({ title, figures }: { title: string; figures: ReportedTag }) {
  const bars = figures.callers.map(({ caller, asked }) => ({ label: caller || texts.noName, value: asked }));
  return <BarChart title={title} of={texts.caller} bars={bars} />;
}

function listValues(tag: Definition, { sampled, given, values }: ReportedTag): Bar[] {
  const labels = new Map(tag.valueLabels.map(({ value, label }) => [value, label]));
  const bars: Bar[] = values.map(({ value, count }) => ({ label: labels.get(value) ?? writeWords(value), value: count, of: sampled }));
  return [...bars, { label: texts.noValue, value: sampled - given, of: sampled, soft: true }];
}

function History({ figures }: { figures: ReportedTag }) {
  return (
    <details>
      <summary>{texts.history}</summary>
      <table class="history">
        <thead>
          <tr>
            <th scope="col">{texts.since}</th>
            <th scope="col">{texts.version}</th>
            <th scope="col">{texts.fingerprint}</th>
          </tr>
        </thead>
        <tbody>
          {figures.history.map(({ at, version, fingerprint }) => (
            <tr key={at}>
              <th scope="row">{formatMoment(at)}</th>
              <td>{version === null ? texts.notNoted : formatNumber(version)}</td>
              <td><code>{fingerprint}</code></td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
