// Who looks, and for which purpose: asked for first, as nothing is shown without.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { askGateway, onSignedOut, setPurpose } from "../api/gateway";
import { endRests } from "../api/rests";
import { keep, readKept } from "../browser-storage";
import { isFramed } from "../embed/frame";
import { pinClock } from "../format/times";
import { ViewerDocument, type ViewerQuery } from "../generated/operations";
import { onOtherTab, onReturn } from "./other-tabs";

export type Viewer = ViewerQuery["viewer"];

export type Looking =
  | { state: "loading" }
  | { state: "signed-out" }
  | { state: "failed"; code: string }
  | { state: "choosing"; viewer: Viewer }
  | { state: "ready"; viewer: Viewer; purpose: string | null };

/** Name a viewer, for what is kept for each in this browser. */
export const nameOf = (viewer: Viewer): string => `${viewer.caller ?? ""}|${viewer.user ?? ""}`;

const keyOf = (viewer: Viewer): string => `gateway.purpose:${nameOf(viewer)}`;

export function useViewer(): { looking: Looking; choose: (purpose: string | null) => void; again: () => void } {
  const [looking, setLooking] = useState<Looking>({ state: "loading" });
  const shown = useRef<string | null>(null);
  const turn = useRef(0);
  const again = useCallback(async () => {
    const own = ++turn.current;
    const { data, failures } = await askGateway(ViewerDocument, {});
    if (own !== turn.current) return; // asked again since, perhaps by another cookie
    if (data === null) {
      const code = failures[0]?.code ?? "UNKNOWN";
      setLooking(code === "UNAUTHENTICATED" ? { state: "signed-out" } : { state: "failed", code });
      return;
    }
    const { viewer } = data;
    if (shown.current !== nameOf(viewer)) endRests();
    shown.current = nameOf(viewer);
    pinClock(viewer.pinnedClock);
    const names = viewer.purposes.map(({ key }) => key);
    const kept = readKept(keyOf(viewer), "session");
    const purpose = kept !== null && names.includes(kept) ? kept : viewer.needsPurpose ? viewer.purpose : null;
    setPurpose(purpose);
    setLooking(viewer.needsPurpose && purpose === null ? { state: "choosing", viewer } : { state: "ready", viewer, purpose });
  }, []);
  useEffect(() => {
    void again();
    return onSignedOut(() => setLooking({ state: "signed-out" }));
  }, [again]);
  useEffect(() => {
    if (isFramed) return undefined; // a token of its own says who looks
    const ends = [
      onOtherTab(() => {
        setLooking({ state: "loading" }); // nothing of who looked stays on the screen
        void again();
      }),
      onReturn(async () => {
        // A proxy may name somebody else by now. As long as it is the same caller, nothing is loaded anew.
        const { data } = await askGateway(ViewerDocument, {});
        if (data !== null && shown.current !== null && nameOf(data.viewer) !== shown.current) void again();
      }),
    ];
    return () => ends.forEach((end) => end());
  }, [again]);
  const choose = useCallback((purpose: string | null) => {
    setLooking((before) => {
      if (before.state !== "choosing" && before.state !== "ready") return before;
      const { viewer } = before;
      keep(keyOf(viewer), purpose, "session");
      setPurpose(purpose);
      return { state: "ready", viewer, purpose };
    });
  }, []);
  return { looking, choose, again };
}
