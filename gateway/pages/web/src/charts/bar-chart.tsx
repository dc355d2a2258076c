// Bars: a table whose rows are drawn as well.
import { formatNumber, formatShare } from "../format/values";
import { reports } from "../i18n/reports";

export interface Bar {
  label: string;
  value: number;
  /** How many there are of which this is a share. Without it none is written. */
  of?: number;
  soft?: boolean;
}

export interface BarChartProps {
  title: string;
  of: string;
  bars: readonly Bar[];
}

export function BarChart({ title, of, bars }: BarChartProps) {
  const most = Math.max(1, ...bars.map(({ value, of: total }) => total ?? value));
  if (bars.length === 0) return null;
  const shared = bars.some(({ of: total }) => total !== undefined);
  return (
    <table class="chart bars" data-chart="bars">
      <caption>{title}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">{of}</th>
          <th scope="col">{reports.chart.count}</th>
          {shared && <th scope="col">{reports.chart.share}</th>}
        </tr>
      </thead>
      <tbody>
        {bars.map(({ label, value, of: total, soft }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td class="drawn">
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect class="ground" width="100" height="10" />
                <rect class={soft ? "bar-soft" : "bar-full"} width={(100 * value) / most} height="10" />
              </svg>
              <span class="figure">{formatNumber(value)}</span>
            </td>
            {shared && <td class="figure share">{total ? formatShare(value / total) : ""}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
