// What the settings say of the page: regions in their order, hidden ones, own fields, tags of the header.

export const REGIONS = {
  right: ["tickets", "last-order", "spend"],
  middle: ["timeline"],
  left: ["contacts", "address", "account", "profile", "records"],
  below: ["expected", "subscriptions", "tags", "months"],
} as const;

export interface Layout {
  regions: readonly string[];
  hide: ReadonlySet<string>;
  fields: readonly string[];
  tags: readonly string[];
}

/** Read a layout of the settings. What is not a list of texts counts as none. */
export function readLayout(given: unknown): Layout {
  const own = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
  const list = (name: string): string[] => {
    const value = own[name];
    return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
  };
  return {
    regions: list("regions"),
    hide: new Set(list("hide")),
    fields: list("fields").filter((name) => /^[a-z][A-Za-z0-9]*$/.test(name)),
    tags: list("tags"),
  };
}

/** Give the regions of a column: those that the settings name first, in their order, and no hidden one. */
export function orderRegions(column: keyof typeof REGIONS, layout: Layout): string[] {
  const own: readonly string[] = REGIONS[column];
  const named = layout.regions.filter((name) => own.includes(name));
  return [...named, ...own.filter((name) => !named.includes(name))].filter((name) => !layout.hide.has(name));
}
