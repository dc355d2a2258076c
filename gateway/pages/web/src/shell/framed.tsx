// The page of one customer in a frame: without a bar, by the token of the desk.
import { useEffect, useState } from "preact/hooks";
import { setToken } from "../api/gateway";
import { framedId, takeTokens, wantToken } from "../embed/frame";
import { text } from "../i18n/language";
import { CustomerPage } from "../customer/customer-page";
import { nameOf, useViewer } from "./use-viewer";

export function Framed() {
  const [given, setGiven] = useState(0);
  useEffect(
    () =>
      takeTokens((token) => {
        setToken(token);
        setGiven((before) => before + 1);
      }),
    [],
  );
  return given === 0 ? <Waiting /> : <FramedCustomer given={given} />;
}

function FramedCustomer({ given }: { given: number }) {
  const { looking, again } = useViewer();
  useEffect(() => {
    if (given > 1) void again();
  }, [given]);
  useEffect(() => {
    if (looking.state === "signed-out") wantToken();
  }, [looking.state]);
  if (looking.state === "ready") return <CustomerPage id={framedId()} viewer={nameOf(looking.viewer)} looking={looking.viewer} />;
  if (looking.state === "failed") {
    return <main id="content" class="door"><p role="alert">{text.failure.other(looking.code)}</p></main>;
  }
  return <Waiting />;
}

function Waiting() {
  return <main id="content" class="door" data-state="waiting"><p role="status">{text.viewer.waiting}</p></main>;
}
