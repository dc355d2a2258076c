// The ways to the other pages, for those who may read them.
import { reports } from "../i18n/reports";
import { followLink, type Place } from "../navigation";

interface NavProps {
  place: Place;
  viewer: { operates: boolean; governs: boolean };
}

export function Nav({ place, viewer }: NavProps) {
  const names = [
    ...(viewer.operates ? (["sources"] as const) : []),
    ...(viewer.governs ? (["tags", "segments"] as const) : []),
  ];
  if (names.length === 0) return null;
  const here = place.page === "other" ? place.name : "";
  return (
    <nav class="pages" aria-label={reports.nav.label}>
      {names.map((name) => (
        <a key={name} href={`/${name}`} aria-current={name === here ? "page" : undefined} onClick={followLink}>
          {reports.nav[name]}
        </a>
      ))}
    </nav>
  );
}
