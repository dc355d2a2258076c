// The systems that know the customer, and whose value each field is.
import type { Region } from "../api/region";
import { capitalize, writeValue, writeWords } from "../format/values";
import { text } from "../i18n/language";
import type { Identity } from "./header";
import { OwnerLink } from "./owner-link";
import { Box } from "./states";

export function Records({ identity }: { identity: Region<Identity> }) {
  const { customer } = identity;
  const differing = (customer?.origins ?? []).flatMap(({ field, source, others }) => {
    const own = writeValue(valueOf(customer, field));
    const other = others.filter(({ value }) => writeValue(value) !== own);
    return source !== null && other.length > 0 && own !== "" ? [{ field, source, own, other }] : [];
  });
  return (
    <Box name="records" title={text.records.title} region={identity} field="records">
      <ul class="rows">
        {customer?.records.map(({ source, sourceId, link }) => (
          <li key={source + sourceId}>
            <span>{source} <OwnerLink source={source} link={link} /></span>
            <code>{sourceId}</code>
          </li>
        ))}
      </ul>
      {customer?.identity.complete === false && <p class="soft small">{text.records.incomplete}</p>}
      {differing.length > 0 && (
        <>
          <h3>{text.records.differ}</h3>
          <dl class="origins">
            {differing.map(({ field, source, own, other }) => (
              <div key={field}>
                <dt>{capitalize(writeWords(field))}</dt>
                <dd>{text.records.says(source, own)}</dd>
                {other.map((each) => (
                  <dd key={each.source} class="soft">{text.records.says(each.source, writeValue(each.value))}</dd>
                ))}
              </div>
            ))}
          </dl>
        </>
      )}
    </Box>
  );
}

function valueOf(customer: Identity | null, field: string): unknown {
  return customer === null ? null : (customer as unknown as Record<string, unknown>)[field];
}
