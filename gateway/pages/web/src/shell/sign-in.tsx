// What stands in the place of a page until it is known who looks, and for which purpose.
import { useState } from "preact/hooks";
import { text } from "../i18n/language";
import { tellOtherTabs } from "./other-tabs";
import type { Viewer } from "./use-viewer";

export function SignIn({ onDone }: { onDone: () => void }) {
  const [problem, setProblem] = useState("");
  const exchange = async (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("key") as HTMLInputElement;
    const headers = { authorization: `Bearer ${field.value.trim()}`, "x-csrf": "1" };
    field.value = "";
    setProblem("");
    try {
      const response = await fetch("/session", { method: "POST", headers, credentials: "same-origin", cache: "no-store" });
      if (response.ok) {
        tellOtherTabs();
        onDone();
      } else setProblem(response.status === 401 ? text.viewer.refused : text.viewer.noSession);
    } catch {
      setProblem(text.failure.offline);
    }
  };
  return (
    <main id="content" class="door">
      <form onSubmit={exchange}>
        <h1>{text.viewer.signIn}</h1>
        <p>{text.viewer.signInWhy}</p>
        <label>
          {text.viewer.key}
          <input name="key" type="password" autocomplete="off" required maxLength={4096} aria-describedby="problem" />
        </label>
        <p id="problem" class="alert" role="alert">{problem}</p>
        <button type="submit" class="primary">{text.viewer.signIn}</button>
      </form>
    </main>
  );
}

export function ChoosePurpose({ viewer, onChosen }: { viewer: Viewer; onChosen: (purpose: string) => void }) {
  return (
    <main id="content" class="door">
      <div>
        <h1>{text.viewer.choosePurpose}</h1>
        <p>{text.viewer.purposeWhy}</p>
        <ul>
          {viewer.purposes.map(({ key, basis }) => (
            <li key={key}>
              <button type="button" class="choice" onClick={() => onChosen(key)}>
                <strong>{key}</strong>
                <span>{text.viewer.basis[basis]}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </main>
  );
}
