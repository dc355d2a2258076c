// Orders by month of the last year.
import { useMemo } from "preact/hooks";
import { useRegion, type Region } from "../api/region";
import { BarChart } from "../charts/bar-chart";
import { formatMonth } from "../format/times";
import { MonthsDocument } from "../generated/operations";
import { text } from "../i18n/language";
import type { Commerce } from "./orders";
import { Box, Missing } from "./states";

const MONTHS = 12;

export interface MonthsProps {
  id: string;
  commerce: Region<Commerce>;
  now: Date;
}

/** Ask for the months of who has ordered, when that is known. */
export function Months(props: MonthsProps) {
  const ordered = (props.commerce.customer?.orders?.nodes.length ?? 0) > 0;
  return ordered ? <YearOfOrders {...props} /> : null;
}

function YearOfOrders({ id, now }: MonthsProps) {
  const begins = useMemo(
    () => Array.from({ length: MONTHS }, (_, place) => new Date(now.getFullYear(), now.getMonth() - MONTHS + 1 + place, 1)),
    [now.getFullYear(), now.getMonth()],
  );
  const region = useRegion(MonthsDocument, { id, since: begins[0]!.toISOString() });
  const orders = region.customer?.orders ?? null;
  const unsure = orders !== null && (orders.pageInfo.hasNextPage || orders.partial || orders.unavailable.length > 0);
  const counts = begins.map((begin, place) => {
    const end = begins[place + 1];
    return (orders?.nodes ?? []).filter(({ placedAt }) => {
      const at = new Date(placedAt);
      return at >= begin && (end === undefined || at < end);
    }).length;
  });
  return (
    <Box name="months" title={text.months.title} region={region} field="orders" lines={orders?.sources}>
      <Missing list={orders} region={region} />
      {orders !== null && (
        <BarChart
          title={unsure ? text.months.atLeast : text.months.orders}
          of={text.months.month}
          bars={begins.map((begin, place) => ({ label: formatMonth(begin), value: counts[place]! }))}
        />
      )}
    </Box>
  );
}
