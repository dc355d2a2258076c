// The page of one customer: five documents at once, each region shown when its answer comes.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useRegion } from "../api/region";
import { formatMoment, readClock, viewerZone } from "../format/times";
import {
  BehaviourDocument,
  CommerceDocument,
  CompletenessDocument,
  IdentityDocument,
  ServiceDocument,
  TagsDocument,
  type RecordType,
} from "../generated/operations";
import { language, text } from "../i18n/language";
import { readFragment } from "../navigation";
import { noteRecent } from "../search/recent-customers";
import type { Viewer } from "../shell/use-viewer";
import { AsQuery } from "./as-query";
import { Account, Address, Contacts, Profile } from "./contacts";
import { Expected } from "./expected";
import { CustomerHeader } from "./header";
import { orderRegions, readLayout, type REGIONS } from "./layout";
import { Lost } from "./lost";
import { Part } from "./part";
import { Months } from "./months";
import { LastOrder, Spend, Subscriptions } from "./orders";
import { useOwnFields } from "./own-fields";
import { Records } from "./records";
import { SourceStrip } from "./strip";
import { TagList } from "./tags";
import { Tickets } from "./tickets";
import { Timeline, readKinds } from "./timeline";
import { useMedia } from "./use-media";

export interface CustomerPageProps {
  id: string;
  viewer: string;
  looking: Viewer;
}

const TABS = ["timeline", "contact", "tags"] as const;
type Tab = (typeof TABS)[number];

export function CustomerPage({ id, viewer, looking }: CustomerPageProps) {
  const layout = useMemo(() => readLayout(looking.layout), [looking]);
  const identity = useRegion(IdentityDocument, { id });
  const completeness = useRegion(CompletenessDocument, { id });
  const service = useRegion(ServiceDocument, { id });
  const commerce = useRegion(CommerceDocument, { id });
  const behaviour = useRegion(BehaviourDocument, { id, records: readKinds() as RecordType[] | null, after: null });
  const tags = useRegion(TagsDocument, { id, language });
  const own = useOwnFields(id, layout.fields);
  const phone = useMedia("(max-width: 760px)");
  const tag = readFragment().get("tag");
  const [tab, setTab] = useState<Tab>("timeline");
  useEffect(() => {
    if (tag !== null) setTab("tags"); // its place is in this tab
  }, [tag]);
  const now = useMemo(readClock, [looking, identity.customer]);
  const known = identity.customer?.id ?? null;
  useEffect(() => {
    if (known !== null) noteRecent(viewer, known);
  }, [known, viewer]);
  if (!identity.loading && identity.customer === null) return <Lost id={id} viewer={viewer} identity={identity} />;

  const parts: Record<string, ComponentChildren> = {
    tickets: <Tickets service={service} now={now} />,
    "last-order": <LastOrder commerce={commerce} now={now} />,
    spend: <Spend commerce={commerce} />,
    timeline: <Timeline id={id} behaviour={behaviour} now={now} />,
    contacts: <Contacts identity={identity} />,
    address: <Address identity={identity} />,
    account: <Account identity={identity} />,
    profile: <Profile identity={identity} completeness={completeness} own={own} />,
    records: <Records identity={identity} />,
    subscriptions: <Subscriptions commerce={commerce} />,
    tags: <TagList id={id} tags={tags} />,
    expected: <Expected tags={tags} commerce={commerce} now={now} />,
    months: <Months id={id} commerce={commerce} now={now} />,
  };
  const column = (name: keyof typeof REGIONS, of?: Tab) => (
    <div
      class={`column ${name}`}
      {...(phone && of ? { id: `panel-${of}`, role: "tabpanel" as const, "aria-labelledby": `tab-${of}`, hidden: tab !== of } : {})}
    >
      {orderRegions(name, layout).map((region) => <Part key={region}>{parts[region]}</Part>)}
    </div>
  );
  return (
    <main id="content" class="customer">
      {looking.pinnedClock !== null && <p class="banner">{text.customer.pinned(formatMoment(looking.pinnedClock))}</p>}
      <Part><CustomerHeader identity={identity} tags={tags} chosen={layout.tags} now={now} /></Part>
      <SourceStrip regions={[identity, service, commerce, behaviour, tags]} />
      <div class="columns">
        {column("right")}
        {phone && <Tabs tab={tab} onTab={setTab} />}
        {column("middle", "timeline")}
        {column("left", "contact")}
        {column("below", "tags")}
      </div>
      <footer class="foot">
        <p>{text.customer.zone(viewerZone)}</p>
        <AsQuery id={id} />
      </footer>
    </main>
  );
}

function Tabs({ tab, onTab }: { tab: Tab; onTab: (tab: Tab) => void }) {
  const names: Record<Tab, string> = { timeline: text.timeline.title, contact: text.contacts.title, tags: text.tags.title };
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
    onTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={press}>
      {TABS.map((each) => (
        <button
          key={each}
          id={`tab-${each}`}
          type="button"
          role="tab"
          aria-selected={tab === each}
          aria-controls={`panel-${each}`}
          tabIndex={tab === each ? 0 : -1}
          onClick={() => onTab(each)}
        >
          {names[each]}
        </button>
      ))}
    </div>
  );
}
