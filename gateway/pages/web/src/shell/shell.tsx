// What all pages have in common: the bar, who looks, and the page that the address names.
import { useEffect, useRef } from "preact/hooks";
import { CustomerPage } from "../customer/customer-page";
import { text } from "../i18n/language";
import { usePlace, type Place } from "../navigation";
import { REPORT_PAGES } from "../reports/report-pages";
import { SearchPage } from "../search/search-page";
import { isFramed } from "../embed/frame";
import { Bar } from "./bar";
import { Framed } from "./framed";
import { ChoosePurpose, SignIn } from "./sign-in";
import { nameOf, useViewer, type Looking } from "./use-viewer";

export function Shell() {
  return isFramed ? <Framed /> : <Whole />;
}

function Whole() {
  const place = usePlace();
  const { looking, choose, again } = useViewer();
  const where = place.page === "customer" ? place.id : place.page === "other" ? place.name : "";
  const before = useRef(where);
  useEffect(() => {
    // Who goes to another page by keys or hears it begins there; the box takes the focus itself.
    if (before.current !== where && place.page !== "search") focusContent();
    before.current = where;
  }, [where]);
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>{text.skip}</a>
      <Bar place={place} looking={looking} onPurpose={choose} onSignedOut={again} />
      <Page place={place} looking={looking} onPurpose={choose} onSignedIn={again} />
    </>
  );
}

interface PageProps {
  place: Place;
  looking: Looking;
  onPurpose: (purpose: string) => void;
  onSignedIn: () => void;
}

function Page({ place, looking, onPurpose, onSignedIn }: PageProps) {
  switch (looking.state) {
    case "loading":
      return <main id="content" aria-busy="true" />;
    case "failed":
      return (
        <main id="content" class="door">
          <div role="alert">
            <p>{looking.code === "OFFLINE" ? text.failure.offline : text.failure.other(looking.code)}</p>
            <button type="button" class="primary" onClick={onSignedIn}>{text.failure.askAgain}</button>
          </div>
        </main>
      );
    case "signed-out":
      return <SignIn onDone={onSignedIn} />;
    case "choosing":
      return <ChoosePurpose viewer={looking.viewer} onChosen={onPurpose} />;
    case "ready": {
      const viewer = nameOf(looking.viewer);
      if (place.page === "search") return <SearchPage key={`${viewer}${looking.purpose}`} viewer={viewer} />;
      if (place.page === "customer") {
        return <CustomerPage key={`${place.id}\n${viewer}\n${looking.purpose}`} id={place.id} viewer={viewer} looking={looking.viewer} />;
      }
      const ReportPage = REPORT_PAGES[place.name];
      return ReportPage ? <ReportPage key={`${place.name}\n${viewer}\n${looking.purpose}`} /> : <main id="content" />;
    }
  }
}

/** Move the focus without a fragment, which has words of its own. */
function skip(event: MouseEvent) {
  event.preventDefault();
  focusContent();
}

function focusContent() {
  const content = document.getElementById("content");
  content?.setAttribute("tabindex", "-1");
  content?.focus();
}
