// What all pages have in common.
import { text } from "../i18n/language";
import { usePlace } from "../navigation";
import { SearchPage } from "../search/search-page";
import { Bar } from "./bar";

export function Shell() {
  const place = usePlace();
  return (
    <>
      <a class="skip" href="#content">{text.skip}</a>
      <Bar place={place} />
      {place.page === "search" ? <SearchPage viewer="" /> : <main id="content" />}
    </>
  );
}
