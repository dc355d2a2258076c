// Icons, drawn inline. All are for the eye alone; words stand beside them.

const PATHS = {
  mail: "M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",
  phone: "M5 3.5h2.5l1.2 3.2-1.6 1.2a9.5 9.5 0 0 0 5 5l1.2-1.6 3.2 1.2V15a1.6 1.6 0 0 1-1.7 1.6A12.6 12.6 0 0 1 3.4 5.2 1.6 1.6 0 0 1 5 3.5z",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  lock: "M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",
  order: "M4 6.5h12l-1 9H5zM7.5 6.5V6a2.5 2.5 0 0 1 5 0v.5",
  ticket: "M4 4.5h12v8H9l-3.5 3v-3H4z",
  event: "M10 6v4l2.8 1.8M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14z",
  deal: "M4 15V9m4 6V5m4 10v-4m4 4V7",
  subscription: "M15.5 8A6 6 0 0 0 4.6 7.2M4.5 4v3.4h3.4M4.5 12a6 6 0 0 0 10.9.8m.1 3.2v-3.4h-3.4",
  survey: "m10 3.5 2 4.2 4.5.6-3.3 3.1.8 4.6-4-2.2-4 2.2.8-4.6L3.500 8.300l4.500-.6z",
  yes: "m5 10.5 3.5 3.500L15.500 6.500",
  no: "m6 6 8 8m0-8-8 8",
  unknown: "M6 10h8",
  link: "M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
