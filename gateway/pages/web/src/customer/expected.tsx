// What is to be expected next: days that tags foretell, and subscriptions that renew or end.
import type { Region } from "../api/region";
import { formatAge, formatDay } from "../format/times";
import { text } from "../i18n/language";
import type { Commerce } from "./orders";
import { Box } from "./states";
import type { Tags } from "./tags";

interface Expectation {
  key: string;
  words: string;
  day: string;
  partial: boolean;
}

export interface ExpectedProps {
  tags: Region<Tags>;
  commerce: Region<Commerce>;
  now: Date;
}

export function Expected({ tags, commerce, now }: ExpectedProps) {
  const days: Expectation[] = (tags.customer?.tags ?? []).flatMap(({ key, type, value, label, partial }) =>
    type === "DATE" && value !== null ? [{ key, words: label, day: value, partial }] : [],
  );
  for (const { id, plan, renewsAt, endsAt } of commerce.customer?.subscriptions?.nodes ?? []) {
    const name = plan ?? text.subscriptions.plan;
    const day = endsAt ?? renewsAt;
    if (day !== null && new Date(day) >= now) {
      days.push({ key: id, words: endsAt === null ? text.expected.renewal(name) : text.expected.end(name), day, partial: false });
    }
  }
  if (!tags.loading && days.length === 0) return null;
  days.sort((one, other) => one.day.localeCompare(other.day));
  return (
    <Box name="expected" title={text.expected.title} region={tags} field="tags">
      <ul class="rows">
        {days.map(({ key, words, day, partial }) => (
          <li key={key}>
            <span>
              {words}
              {partial && <span class="soft"> ({text.tags.partial})</span>}
            </span>
            <span class="soft">{formatDay(day)}, {formatAge(day, now)}</span>
          </li>
        ))}
      </ul>
    </Box>
  );
}
