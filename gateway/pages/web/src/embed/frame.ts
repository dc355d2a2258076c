// A page in a frame of a desk: it has no session, and asks by the token that the page around it hands over.
import { decodeId } from "../navigation";

const PREFIX = "pge_";
const TOKEN = "profile-gateway:token";
const WANTED = "profile-gateway:token-wanted";
const FRAMED = "/embed/c/";

export const isFramed = location.pathname.startsWith(FRAMED);

/** Name the customer of the frame. */
export const framedId = (): string => decodeId(location.pathname.slice(FRAMED.length));

/** Tell the page around that a token is wanted. It says nothing else, so any page may hear it. */
export function wantToken(): void {
  parent.postMessage({ type: WANTED }, "*");
}

/** Take tokens from the page around, where it is of the origin that they name. Gives what ends that. */
export function takeTokens(onToken: (token: string) => void): () => void {
  const listen = ({ source, origin, data }: MessageEvent<unknown>) => {
    const { type, token } = (data ?? {}) as { type?: unknown; token?: unknown };
    if (source === parent && type === TOKEN && typeof token === "string" && readOrigin(token) === origin) onToken(token);
  };
  addEventListener("message", listen);
  wantToken();
  return () => removeEventListener("message", listen);
}

/** Read the origin that a token was made for; null for what is none. Whether it holds is the gateway's to say. */
function readOrigin(token: string): string | null {
  if (!token.startsWith(PREFIX)) return null;
  const written = token.slice(PREFIX.length).split(".")[0]!.replaceAll("-", "+").replaceAll("_", "/");
  try {
    const { origin } = JSON.parse(atob(written)) as { origin?: unknown };
    return typeof origin === "string" ? origin : null;
  } catch {
    return null;
  }
}
