// What pages of figures have in common: a title, a note, a way to ask again, and what stands there without a right.
import type { ComponentChildren } from "preact";
import type { Failure } from "../api/gateway";
import type { Report } from "../api/report";
import { Loading } from "../customer/states";
import { text } from "../i18n/language";
import { reports } from "../i18n/reports";

export interface ReportPageProps {
  name: string;
  title: string;
  report: Report<unknown>;
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function ReportPage({ name, title, report, aside, children }: ReportPageProps) {
  return (
    <main id="content" class={`report report-${name}`} aria-busy={report.asking}>
      <header class="report-head">
        <h1>{title}</h1>
        <span class="grow" />
        {aside}
        <button type="button" class="again" disabled={report.asking} onClick={report.ask}>
          {report.asking ? text.state.asking : text.state.askAgain}
        </button>
      </header>
      {report.loading ? <Loading /> : children}
    </main>
  );
}

/** Say why there are no figures. */
export function NoFigures({ failures, right }: { failures: readonly Failure[]; right: string }) {
  const failure = failures[0];
  const code = failure?.code ?? "UNKNOWN";
  const words = code === "FORBIDDEN" ? right : code === "OFFLINE" ? text.failure.offline : text.failure.other(code);
  return (
    <p class="note grey" role="status" data-state={code === "FORBIDDEN" ? "withheld" : "unavailable"}>
      {words}
      {code === "INVALID_ARGUMENT" && ` ${failure?.message ?? ""}`}
    </p>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="figures">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export const listOf = (names: readonly string[]): string => (names.length === 0 ? reports.nobody : names.join(", "));
