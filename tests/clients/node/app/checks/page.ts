// A document for React without a browser, and what the checks need to look at it.
import { Window } from "happy-dom";

const window = new Window({ url: "http://localhost:5173/" });
Object.assign(globalThis, { window, document: window.document, HTMLElement: window.HTMLElement, Element: window.Element, Node: window.Node });

const [endpoint, email] = process.argv.slice(2);
export { email, endpoint };

export async function until<T>(condition: () => T): Promise<NonNullable<T>> {
  const ends = Date.now() + 60_000;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (Date.now() > ends) throw new Error(`not in time: ${condition}\n${document.body.innerHTML}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** Show an element, and give what finds text in it. */
export async function show(element: unknown): Promise<HTMLElement> {
  const { createRoot } = await import("react-dom/client");
  const root = document.body.appendChild(document.createElement("div"));
  createRoot(root).render(element as never);
  return root as unknown as HTMLElement;
}

export function tell(results: unknown): never {
  console.log(JSON.stringify(results));
  process.exit(0);
}
