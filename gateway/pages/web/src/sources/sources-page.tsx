// How the sources are, as one process has counted it.
import { useReport } from "../api/report";
import { formatMoment } from "../format/times";
import { SourceActivityDocument } from "../generated/operations";
import { reports } from "../i18n/reports";
import { NoFigures, ReportPage } from "../reports/report-page";
import { SourceCard } from "./source-card";

export function SourcesPage() {
  const report = useReport(SourceActivityDocument, {});
  const activity = report.data?.sourceActivity ?? null;
  return (
    <ReportPage name="sources" title={reports.sources.title} report={report}>
      {activity === null ? (
        <NoFigures failures={report.failures} right={reports.sources.right} />
      ) : (
        <>
          <p class="note">{reports.sources.process(activity.process, formatMoment(activity.at))}</p>
          {activity.sources.map((own) => <SourceCard key={own.source.name} counts={own} now={activity.at} />)}
        </>
      )}
    </ReportPage>
  );
}
