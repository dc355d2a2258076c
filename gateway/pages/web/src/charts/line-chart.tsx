// Lines over time: drawn for the eye, told in a sentence, and in a table for whoever wants each figure.
import { formatClock } from "../format/times";
import { reports } from "../i18n/reports";

export interface Line {
  label: string;
  tone: "plain" | "bad";
  /** One for each time; null where there is none. */
  values: readonly (number | null)[];
}

export interface LineChartProps {
  title: string;
  times: readonly string[];
  lines: readonly Line[];
  format: (value: number) => string;
}

export function LineChart({ title, times, lines, format }: LineChartProps) {
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  if (times.length < 2 || all.length === 0) return null;
  const most = Math.max(...all) || 1;
  const told = lines.map(({ label, values }) => reports.chart.line(label, ...lastAndMost(values, format))).join(" ");
  const filled = times.map((_, place) => place).filter((place) => lines.some(({ values }) => values[place]));
  return (
    <figure class="chart lines" data-chart="lines">
      <figcaption>{title}</figcaption>
      <div class="plot">
        <span class="most" aria-hidden="true">{format(most)}</span>
        <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={`${title}. ${told}`}>
          <path class="grid" d="M0 0.5H100M0 20H100M0 39.5H100" />
          {lines.map(({ label, tone, values }) => <path key={label} class={`line-${tone}`} d={draw(values, most)} />)}
        </svg>
        <span class="from" aria-hidden="true">{formatClock(times[0]!)}</span>
        <span class="to" aria-hidden="true">{formatClock(times.at(-1)!)}</span>
      </div>
      <p class="legend" aria-hidden="true">
        {lines.map(({ label, tone }) => <span key={label} class={`key-${tone}`}>{label}</span>)}
      </p>
      <details>
        <summary>{reports.chart.table}<span class="unseen">: {title}</span></summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{reports.chart.time}</th>
              {lines.map(({ label }) => <th key={label} scope="col">{label}</th>)}
            </tr>
          </thead>
          <tbody>
            {filled.map((place) => (
              <tr key={place}>
                <th scope="row">{formatClock(times[place]!)}</th>
                {lines.map(({ label, values }) => (
                  <td key={label} class="figure">{values[place] === null ? "" : format(values[place]!)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

/** How long the stroke of a value alone is, of a hundred. */
const STROKE = 0.8;

function lastAndMost(values: readonly (number | null)[], format: (value: number) => string): [string, string] {
  const known = values.filter((value) => value !== null);
  return [format(known.at(-1) ?? 0), format(Math.max(0, ...known))];
}

/** Draw a line, anew behind each gap; a value alone is a short stroke. */
function draw(values: readonly (number | null)[], most: number): string {
  const step = 100 / (values.length - 1);
  let path = "";
  values.forEach((value, place) => {
    if (value === null) return;
    const x = place * step;
    const y = (39.5 - (39 * value) / most).toFixed(2);
    const follows = place > 0 && values[place - 1] !== null;
    path += follows ? `L${x.toFixed(2)} ${y}` : `M${Math.max(0, x - STROKE).toFixed(2)} ${y}h${STROKE}`;
  });
  return path;
}
