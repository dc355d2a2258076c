// The tags that are defined: whose they are, what they say of customers on the whole, and who asks for them.
import { useState } from "preact/hooks";
import { useReport } from "../api/report";
import { formatNumber } from "../format/values";
import { TagDefinitionsDocument, TagReportDocument, type TagReportQuery } from "../generated/operations";
import { language } from "../i18n/language";
import { reports } from "../i18n/reports";
import { NoFigures, ReportPage } from "../reports/report-page";
import { TagCard } from "./tag-card";

const SPANS = [7, 30, 90, 365];

export type ReportedTag = NonNullable<TagReportQuery["tagReport"]>[number];

export function TagsPage() {
  const [days, setDays] = useState(30);
  const definitions = useReport(TagDefinitionsDocument, { language });
  const report = useReport(TagReportDocument, { days });
  const figures = report.data?.tagReport ?? null;
  const both = {
    ...definitions,
    asking: definitions.asking || report.asking,
    ask: () => {
      definitions.ask();
      report.ask();
    },
  };
  return (
    <ReportPage name="tags" title={reports.tags.title} report={both} aside={<Span days={days} onChange={setDays} />}>
      {!report.loading && figures === null && <NoFigures failures={report.failures} right={reports.tags.right} />}
      {(definitions.data?.tagDefinitions ?? []).map((tag) => (
        <TagCard key={tag.key} tag={tag} figures={figures?.find(({ key }) => key === tag.key) ?? null} days={days} />
      ))}
    </ReportPage>
  );
}

export function Span({ days, onChange }: { days: number; onChange: (days: number) => void }) {
  return (
    <label class="span">
      {reports.tags.days}{" "}
      <select class="quiet" value={String(days)} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {SPANS.map((each) => <option key={each} value={String(each)}>{reports.tags.someDays(formatNumber(each))}</option>)}
      </select>
    </label>
  );
}
