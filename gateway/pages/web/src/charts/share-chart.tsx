// Shares of one whole: a bar of parts, and the table of what they are.
import { formatNumber, formatShare } from "../format/values";
import { reports } from "../i18n/reports";

export type Tone = "good" | "bad" | "warn" | "plain" | "soft";

export interface Part {
  label: string;
  value: number;
  tone: Tone;
}

export function ShareChart({ title, of, parts }: { title: string; of: string; parts: readonly Part[] }) {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  if (total === 0) return null;
  let begin = 0;
  return (
    <figure class="chart shares" data-chart="shares">
      <figcaption>{title}</figcaption>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(({ label, value, tone }) => {
          const x = begin;
          begin += (100 * value) / total;
          return value > 0 && <rect key={label} class={`tone-${tone}`} x={x} width={(100 * value) / total} height="10" />;
        })}
      </svg>
      <table aria-label={title}>
        <thead class="unseen">
          <tr>
            <th scope="col">{of}</th>
            <th scope="col">{reports.chart.count}</th>
            <th scope="col">{reports.chart.share}</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ label, value, tone }) => (
            <tr key={label}>
              <th scope="row">
                <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class={`tone-${tone}`} width="10" height="10" /></svg>
                {label}
              </th>
              <td class="figure">{formatNumber(value)}</td>
              <td class="figure share">{formatShare(value / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
