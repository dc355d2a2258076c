// Send documents to the gateway: the one way in which pages read anything.
import type { TypedDocumentString } from "../generated/operations";

export interface Failure {
  code: string;
  message: string;
  path: readonly (string | number)[];
  /** The name of the field in the document, for what is said once for a whole list. */
  field: string | null;
  source: string | null;
  candidates: readonly string[];
  missingSources: readonly string[];
  requestId: string | null;
}

export interface Answer<T> {
  data: T | null;
  failures: readonly Failure[];
}

interface WireError {
  message: string;
  path?: (string | number)[];
  locations?: { line: number; column: number }[];
  extensions?: {
    code?: string;
    source?: string;
    candidates?: string[];
    missingSources?: string[];
    requestId?: string;
  };
}

let purpose: string | null = null;
let token: string | null = null;

/** Send this purpose with every document from now on. */
export function setPurpose(chosen: string | null): void {
  purpose = chosen;
}

/** Ask by this token from now on, and by no cookie. */
export function setToken(given: string): void {
  token = given;
}

const SIGNED_OUT = "gateway:signed-out";

/** Call back when an answer says that nobody is signed in. Gives what ends that. */
export function onSignedOut(callback: () => void): () => void {
  addEventListener(SIGNED_OUT, callback);
  return () => removeEventListener(SIGNED_OUT, callback);
}

const MAX_TURNS = 3;
const MAX_PAUSE_S = 5;

/** Send a request, and again where the gateway is too busy for it and says when it may not be. */
async function send(request: RequestInit): Promise<Response> {
  for (let turn = 1; ; turn++) {
    const response = await fetch("/graphql", request);
    const pause_s = Number(response.headers.get("retry-after") ?? NaN);
    if (response.status !== 503 || turn === MAX_TURNS || !(pause_s <= MAX_PAUSE_S)) return response;
    await new Promise((resolve) => setTimeout(resolve, pause_s * 1000));
  }
}

/** Ask the gateway, `anew` for what sources have now. What cannot be asked at all is an answer with one failure, too. */
export async function askGateway<T, V>(
  document: TypedDocumentString<T, V>,
  variables: V,
  { signal, anew = false }: { signal?: AbortSignal; anew?: boolean } = {},
): Promise<Answer<T>> {
  const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json", "x-csrf": "1" };
  if (purpose !== null) headers["x-purpose"] = purpose;
  if (anew) headers["cache-control"] = "no-cache";
  if (token !== null) headers.authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await send({
      method: "POST",
      headers,
      body: JSON.stringify({ query: String(document), variables }),
      credentials: token === null ? "same-origin" : "omit",
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    return { data: null, failures: [failure("OFFLINE")] };
  }
  if (response.status === 401) dispatchEvent(new Event(SIGNED_OUT));
  try {
    const body = (await response.json()) as { data?: T | null; errors?: WireError[]; code?: string };
    if (!body.errors && !("data" in body)) return { data: null, failures: [failure(body.code ?? `HTTP_${response.status}`)] };
    return { data: body.data ?? null, failures: (body.errors ?? []).map((error) => readFailure(error, String(document))) };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { data: null, failures: [failure(response.status === 401 ? "UNAUTHENTICATED" : `HTTP_${response.status}`)] };
  }
}

function readFailure(error: WireError, document: string): Failure {
  const more = error.extensions ?? {};
  const [place] = error.locations ?? [];
  const line = place ? document.split("\n")[place.line - 1]?.slice(place.column - 1) : undefined;
  return {
    code: more.code ?? "UNKNOWN",
    message: error.message,
    path: error.path ?? [],
    field: line?.match(/^\w+/)?.[0] ?? null,
    source: more.source ?? null,
    candidates: more.candidates ?? [],
    missingSources: more.missingSources ?? [],
    requestId: more.requestId ?? null,
  };
}

function failure(code: string): Failure {
  return { code, message: "", path: [], field: null, source: null, candidates: [], missingSources: [], requestId: null };
}
