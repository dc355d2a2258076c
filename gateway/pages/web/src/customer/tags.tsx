// Tags, and why each has its value.
import { useEffect, useState } from "preact/hooks";
import { askGateway } from "../api/gateway";
import type { Region } from "../api/region";
import { formatDay, formatMoment } from "../format/times";
import { capitalize, writeValue, writeWords } from "../format/values";
import { WhyTagDocument, type TagCategory, type TagsQuery, type WhyTagQuery } from "../generated/operations";
import { language, text } from "../i18n/language";
import { readFragment, writeFragment } from "../navigation";
import { Box, Loading, None, reasonOf } from "./states";

export type Tags = NonNullable<TagsQuery["customer"]>;
export type Tag = NonNullable<Tags["tags"]>[number];
type Why = NonNullable<NonNullable<WhyTagQuery["customer"]>["tag"]>;

const CATEGORIES: TagCategory[] = ["SERVICE", "LIFECYCLE", "VALUE", "SATISFACTION", "BEHAVIOUR", "PREFERENCE", "ACQUISITION"];
const SAY_MOST: TagCategory[] = ["LIFECYCLE", "VALUE", "BEHAVIOUR"];

/** Choose three tags for the header: those of the settings, or one of each category that says most. */
export function chooseTags(tags: readonly Tag[], chosen: readonly string[]): Tag[] {
  if (chosen.length > 0) return chosen.flatMap((key) => tags.find((tag) => tag.key === key) ?? []).slice(0, 3);
  return SAY_MOST.flatMap((category) => {
    const own = tags.filter((tag) => tag.category === category && tag.type === "ENUM");
    return own.find(({ value }) => value !== null) ?? own[0] ?? [];
  });
}

/** Write a tag's value for people. */
export function writeTag(tag: Tag): string {
  if (tag.value === null) return text.tags.unknown;
  if (tag.type === "DATE") return formatDay(tag.value);
  if (tag.type === "LIST") return (tag.values ?? []).map(writeWords).join(", ");
  if (tag.type === "BOOLEAN") return tag.value === "true" ? text.tags.yes : text.tags.no;
  if (tag.value === "YES") return text.tags.yes;
  if (tag.value === "NO") return text.tags.no;
  if (tag.valueLabel !== null && tag.valueLabel !== tag.value) return tag.valueLabel;
  return tag.type === "ENUM" ? writeWords(tag.value).toLowerCase() : writeWords(tag.value);
}

export function TagChip({ tag }: { tag: Tag }) {
  const open = () => writeFragment({ tag: tag.key });
  return (
    <button type="button" class={tag.partial ? "chip partial" : "chip"} data-state={tag.partial ? "partial" : undefined} onClick={open}>
      {tag.label}: <b>{writeTag(tag)}</b>
      {tag.partial && <span class="soft"> ({text.tags.partial})</span>}
    </button>
  );
}

export function TagList({ id, tags }: { id: string; tags: Region<Tags> }) {
  const all = tags.customer?.tags ?? [];
  const opened = readFragment().get("tag");
  useEffect(() => {
    if (opened !== null) document.getElementById(`tag-${opened}`)?.scrollIntoView({ block: "nearest" });
  }, [opened, tags.loading]);
  return (
    <Box name="tags" title={text.tags.title} region={tags} field="tags">
      {all.length === 0 && <None>{text.tags.none}</None>}
      {CATEGORIES.map((category) => {
        const own = all.filter((tag) => tag.category === category);
        if (own.length === 0) return null;
        return (
          <div key={category} class="tag-group">
            <h3>{text.tags.category[category]}</h3>
            <ul>
              {own.map((tag) => (
                <li key={tag.key} id={`tag-${tag.key}`}>
                  <button
                    type="button"
                    class={tag.partial ? "tag partial" : "tag"}
                    data-state={tag.partial ? "partial" : undefined}
                    aria-expanded={opened === tag.key}
                    onClick={() => writeFragment({ tag: opened === tag.key ? "" : tag.key })}
                  >
                    <span>{tag.label}</span>
                    <b>
                      {writeTag(tag)}
                      {tag.partial && <span class="soft"> ({text.tags.partial})</span>}
                    </b>
                  </button>
                  {opened === tag.key && <TagWhy id={id} name={tag.key} />}
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </Box>
  );
}

function TagWhy({ id, name }: { id: string; name: string }) {
  const [answer, setAnswer] = useState<{ why: Why | null; code: string | null } | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    askGateway(WhyTagDocument, { id, key: name, language }, { signal: abort.signal }).then(
      ({ data, failures }) => setAnswer({ why: data?.customer?.tag ?? null, code: failures[0]?.code ?? null }),
      () => undefined, // closed before the answer
    );
    return () => abort.abort();
  }, [id, name]);
  if (answer === null) return <Loading />;
  if (answer.why === null) {
    if (answer.code === null) return <p class="none">{text.tags.unknown}</p>;
    return <p class="unavailable" role="alert">{answer.code === "OFFLINE" ? text.failure.offline : text.failure.other(answer.code)}</p>;
  }
  const { rule, evidence, whyNot, computedAt } = answer.why;
  return (
    <div class="why">
      <p>{rule.words}</p>
      <h4>{text.tags.seen}</h4>
      <dl>
        {evidence.map((fact) => (
          <div key={fact.name}>
            <dt>{capitalize(fact.label)}</dt>
            <dd>{fact.missing !== null ? reasonOf(fact.missing) : writeFact(fact.value)}{fact.partial && ` (${text.tags.partial})`}</dd>
          </div>
        ))}
      </dl>
      {whyNot.length > 0 && (
        <>
          <h4>{text.tags.whyNot}</h4>
          <ul class="why-not">
            {whyNot.map((other, place) => (
              <li key={place}>{other.value !== null && <b>{writeWords(other.value)}</b>} {other.words}</li>
            ))}
          </ul>
        </>
      )}
      <p class="soft small">{text.tags.computed(formatMoment(computedAt))}</p>
    </div>
  );
}

function writeFact(value: unknown): string {
  if (value === null) return text.tags.unknown;
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return formatMoment(value);
  if (typeof value === "boolean") return value ? text.tags.yes : text.tags.no;
  return writeValue(value);
}
