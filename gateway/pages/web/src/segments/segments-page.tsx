// The segments that are defined: whose they are, how large they are and of how many that is known, and who asks for them.
import { useState } from "preact/hooks";
import { useReport } from "../api/report";
import { BarChart } from "../charts/bar-chart";
import { ShareChart } from "../charts/share-chart";
import { formatMoment } from "../format/times";
import { formatNumber } from "../format/values";
import { SegmentsDocument, TagReportDocument, type SegmentsQuery } from "../generated/operations";
import { language } from "../i18n/language";
import { reports } from "../i18n/reports";
import { Facts, NoFigures, ReportPage } from "../reports/report-page";
import { Callers } from "../tags/tag-card";
import { Span, type ReportedTag } from "../tags/tags-page";

type Segment = SegmentsQuery["segments"][number];

const texts = reports.segments;

export function SegmentsPage() {
  const [days, setDays] = useState(30);
  const report = useReport(SegmentsDocument, { language });
  const usage = useReport(TagReportDocument, { days });
  const segments = report.data?.segments ?? null;
  const counted = (segments ?? []).filter(({ count }) => count !== null);
  const used = new Map((usage.data?.tagReport ?? []).map((own) => [own.key, own]));
  const both = {
    ...report,
    asking: report.asking || usage.asking,
    ask: () => {
      report.ask();
      usage.ask();
    },
  };
  return (
    <ReportPage name="segments" title={texts.title} report={both} aside={<Span days={days} onChange={setDays} />}>
      {segments === null && <NoFigures failures={report.failures} right={reports.tags.right} />}
      {segments?.length === 0 && <p class="note">{texts.none}</p>}
      {counted.length > 1 && (
        <section class="box report-card">
          <BarChart
            title={texts.sizes}
            of={texts.segment}
            bars={counted.map(({ label, count, known }) => ({ label, value: count ?? 0, ...(known ? { of: known } : {}) }))}
          />
        </section>
      )}
      {(segments ?? []).map((segment) => (
        <SegmentCard key={segment.key} segment={segment} usage={used.get(`segment:${segment.key}`) ?? null} days={days} />
      ))}
    </ReportPage>
  );
}

function SegmentCard({ segment, usage, days }: { segment: Segment; usage: ReportedTag | null; days: number }) {
  const { count, known, unknown } = segment;
  return (
    <section class="box report-card" data-segment={segment.key} aria-labelledby={`segment-${segment.key}`}>
      <header>
        <h2 id={`segment-${segment.key}`}>{segment.label}</h2>
        <span class="soft">{segment.key}</span>
      </header>
      <p>{segment.description}</p>
      <p class="words">{segment.words}</p>
      <Facts
        facts={[
          [texts.owner, segment.owner],
          [texts.sizes, count === null ? texts.notCounted : formatNumber(count)],
          [texts.asOf, segment.asOf === null ? texts.notCounted : formatMoment(segment.asOf)],
        ]}
      />
      <div class="charts">
        {count !== null && known !== null && segment.condition !== null && (
          <ShareChart
            title={texts.spread}
            of={texts.state}
            parts={[
              { label: texts.inside, value: count, tone: "plain" },
              { label: texts.outside, value: Math.max(0, known - count), tone: "soft" },
              { label: texts.unknown, value: unknown ?? 0, tone: "warn" },
            ]}
          />
        )}
        {usage !== null && <Callers title={texts.usage(formatNumber(days))} figures={usage} />}
      </div>
      {segment.condition === null ? (
        <p class="soft">{texts.uploaded}</p>
      ) : (
        <details>
          <summary>{texts.condition}<span class="unseen">: {segment.label}</span></summary>
          <pre tabIndex={0}>{segment.condition}</pre>
        </details>
      )}
    </section>
  );
}
