// The way to a record at the system that owns it.
import { text } from "../i18n/language";
import { Icon } from "./icons";

/** Link to the record's page, in a tab of its own; nothing where it has none, or an address that is none of the web. */
export function OwnerLink({ source, link }: { source: string; link: string | null }) {
  if (link === null || !/^https?:\/\//i.test(link)) return null;
  return (
    <a class="owner-link" href={link} target="_blank" rel="noopener noreferrer" aria-label={text.customer.openAt(source)} title={text.customer.openAt(source)}>
      <Icon name="link" />
    </a>
  );
}
