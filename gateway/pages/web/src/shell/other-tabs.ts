// Tabs of one browser have one cookie: who signs in or out in one of them does so in all.
const NAME = "profile-gateway:session";

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(NAME);

/** Tell other tabs that somebody signed in or out here. It says no more than that. */
export function tellOtherTabs(): void {
  channel?.postMessage(null);
}

/** Call back when somebody signed in or out in another tab. Gives what ends that. */
export function onOtherTab(callback: () => void): () => void {
  channel?.addEventListener("message", callback);
  return () => channel?.removeEventListener("message", callback);
}

/** Call back when somebody comes back to this tab. Gives what ends that. */
export function onReturn(callback: () => void): () => void {
  const look = () => {
    if (document.visibilityState === "visible") callback();
  };
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
  return () => {
    removeEventListener("focus", look);
    document.removeEventListener("visibilitychange", look);
  };
}
