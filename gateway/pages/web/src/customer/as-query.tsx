// What the page asked, as text: all of it goes through the public API.
import { useRef, useState } from "preact/hooks";
import {
  BehaviourDocument,
  CommerceDocument,
  CompletenessDocument,
  IdentityDocument,
  ServiceDocument,
  TagsDocument,
} from "../generated/operations";
import { language, text } from "../i18n/language";
import { CopyButton } from "./contacts";

export function AsQuery({ id }: { id: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [editor, setEditor] = useState(false);
  const documents = [IdentityDocument, CompletenessDocument, ServiceDocument, CommerceDocument, BehaviourDocument, TagsDocument]
    .map((document) => String(document).trim())
    .join("\n\n");
  const variables = JSON.stringify({ id, language });
  const open = async () => {
    dialog.current?.showModal();
    const page = await fetch("/graphql", { headers: { accept: "text/html" }, cache: "no-store" }).catch(() => null);
    setEditor(page?.headers.get("content-type")?.startsWith("text/html") ?? false);
  };
  return (
    <>
      <button type="button" class="quiet" onClick={open}>{text.customer.asQuery}</button>
      <dialog ref={dialog} class="as-query" aria-label={text.customer.asQuery}>
        <header>
          <h2>{text.customer.asQuery}</h2>
          <CopyButton value={documents} name={text.customer.asQuery} />
          {editor && <a href="/graphql">{text.customer.openEditor}</a>}
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>{text.customer.close}</button>
        </header>
        <p class="soft">{text.customer.actsFor} <code>{id}</code></p>
        <pre tabIndex={0}>{`# ${variables}\n${documents}`}</pre>
      </dialog>
    </>
  );
}
