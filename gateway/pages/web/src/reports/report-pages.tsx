// The pages of figures by their names in addresses.
import type { ComponentType } from "preact";
import { SegmentsPage } from "../segments/segments-page";
import { SourcesPage } from "../sources/sources-page";
import { TagsPage } from "../tags/tags-page";

export const REPORT_PAGES: Record<string, ComponentType> = { segments: SegmentsPage, sources: SourcesPage, tags: TagsPage };
