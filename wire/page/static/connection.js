/* connection.js: the page's one line to its program.
 *
 * How to use it:
 *   import { state, link, connect, command, upload, fetchImage } from "backpack/connection";
 *   connect();                                    // once, in main.js
 *   state.value                                   // signal: the whole view model, null before the first
 *   link.value                                    // signal: "connecting" | "online" | "offline" | "refused"
 *   refusedFor.value                              // signal: why it is refused: "no_link" | "used_link" | "ended"
 *   await command("submit", { case_id })          // the answer's value
 *   await upload(blob)                            // JPEG in, hex digest out
 *   await fetchImage(digest)                      // a Blob, or null; pages show it with backpack/picture
 *
 * A window is let in by the link in whose fragment a token came; it is taken out of the address at
 * once and traded for a session's token, which this window keeps for this origin, port included
 * (sessionStorage: a reload has it, another tab has not). Nothing of it is ever in a URL.
 *
 * A command that is refused rejects with `Refused` (`.refusal` is {code, field, message, retryable}).
 * A command whose answer does not come, because the link broke or time ran out, rejects with
 * `OutcomeUnknown`: it may have been carried out, so the page never repeats it by itself; the next
 * `state` tells what happened. Nothing is queued while the link is down: such a command rejects with
 * `NotSent` at once.
 *
 * Invariant: each command promise settles exactly once; a window that is not let in holds no state.
 */
import { signal } from "@preact/signals";

export const ANSWER_WAIT_MS_MAX = 30_000;
const RETRY_WAIT_MS_MIN = 250;
const RETRY_WAIT_MS_MAX = 4_000;
const CLOSED_BY_RULE = 4403;
const NOT_LET_IN = 403;
const KEPT_AS = "backpack-session";
const FRAGMENT = "#t=";

/** The whole view model as the program last sent it; null until the first arrives. */
export const state = signal(null);
/** How the link to the program stands. "refused" lasts until the window is opened with a new link. */
export const link = signal("connecting");
/** Why this window is not let in. */
export const refusedFor = signal("no_link");

/** The program understood the command and said no. */
export class Refused extends Error {
  constructor(refusal) {
    super(refusal.message);
    this.name = "Refused";
    this.refusal = refusal;
  }
}

/** No answer: the command may or may not have been carried out. */
export class OutcomeUnknown extends Error {
  constructor() {
    super("E_OUTCOME_UNKNOWN");
    this.name = "OutcomeUnknown";
  }
}

/** The link is down and the command was never sent. */
export class NotSent extends Error {
  constructor() {
    super("E_NOT_SENT");
    this.name = "NotSent";
  }
}

const waiting = new Map();
let socket = null;
let lastId = 0;
let retryWaitMs = RETRY_WAIT_MS_MIN;
let brought = takeFragment();
let entering = false;

addEventListener("hashchange", () => {
  const fresh = takeFragment();
  if (fresh === "") return;
  brought = fresh;
  connect();
});

/** The token of a link that opened this window; nobody finds it in the address afterwards. */
function takeFragment() {
  if (!location.hash.startsWith(FRAGMENT)) return "";
  const token = location.hash.slice(FRAGMENT.length);
  history.replaceState(null, "", location.pathname);
  return token;
}

/** Open the link and keep it open. Calling it again does nothing while it is open. */
export async function connect() {
  if (entering) return;
  entering = true;
  try {
    if (brought !== "" && !(await trade())) return;
  } finally {
    entering = false;
  }
  if (brought !== "") return void connect(); // another link came meanwhile
  if (socket !== null) return;
  const token = sessionStorage.getItem(KEPT_AS);
  if (token === null) return refuse(refusedFor.value);
  if (link.value === "refused") link.value = "connecting";
  socket = new WebSocket(`ws://${location.host}/socket`);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ type: "hello", token }));
  });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => lost(event.code));
}

/** Trade a link's token for a session's; false when nobody answered and it will be tried again. */
async function trade() {
  const token = brought;
  let response;
  try {
    response = await fetch("/session", { method: "POST", ...bearing(token) });
    if (response.ok) sessionStorage.setItem(KEPT_AS, (await response.json()).value);
  } catch {
    again();
    return false;
  }
  if (!response.ok) refusedFor.value = "used_link";
  if (brought === token) brought = "";
  return true;
}

function bearing(token) {
  return { headers: { Authorization: `Bearer ${token}` }, credentials: "omit" };
}

function kept() {
  return bearing(sessionStorage.getItem(KEPT_AS) ?? "");
}

function refuse(why) {
  sessionStorage.removeItem(KEPT_AS);
  refusedFor.value = why;
  state.value = null;
  link.value = "refused";
}

function receive(message) {
  retryWaitMs = RETRY_WAIT_MS_MIN;
  link.value = "online";
  if (message.type === "state") {
    state.value = message.state;
    refusedFor.value = "ended"; // if it ever is
  } else if (message.type === "token") {
    sessionStorage.setItem(KEPT_AS, message.token);
  } else if (message.type === "answer") {
    const asker = waiting.get(message.id);
    if (asker === undefined) return;
    if (message.ok) asker.resolve(message.value);
    else asker.reject(new Refused(message.refusal));
  }
}

function lost(code) {
  socket = null;
  for (const asker of [...waiting.values()]) asker.reject(new OutcomeUnknown());
  if (code === CLOSED_BY_RULE) refuse(refusedFor.value === "used_link" ? "used_link" : "ended");
  else again();
}

function again() {
  link.value = "offline";
  setTimeout(connect, retryWaitMs);
  retryWaitMs = Math.min(retryWaitMs * 2, RETRY_WAIT_MS_MAX);
}

/** Ask the program to do something; resolves with the answer's value. */
export function command(name, args = {}, { within = ANSWER_WAIT_MS_MAX } = {}) {
  if (link.value !== "online") return Promise.reject(new NotSent());
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(reject)(new OutcomeUnknown()), within);
    const settle = (finish) => (value) => {
      clearTimeout(timer);
      waiting.delete(id);
      finish(value);
    };
    waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    socket.send(JSON.stringify({ type: "command", id, name, args }));
  });
}

/** Hand a JPEG to the program; resolves with its digest (hex), by which the page may show it. */
export async function upload(jpeg) {
  const { headers, ...rest } = kept();
  let response;
  try {
    response = await fetch("/upload", {
      method: "POST",
      headers: { ...headers, "Content-Type": "image/jpeg" },
      body: jpeg,
      ...rest,
    });
  } catch {
    throw new OutcomeUnknown();
  }
  if (response.status === NOT_LET_IN) throw new NotSent();
  const answer = await response.json();
  if (!answer.ok) throw new Refused(answer.refusal);
  return answer.value;
}

/** A case's printed slip as a Blob (PDF). */
export async function fetchPaper(caseId) {
  let response;
  try {
    response = await fetch(`/paper/${caseId}`, kept());
  } catch {
    throw new OutcomeUnknown();
  }
  if (response.status === NOT_LET_IN) throw new NotSent();
  if (!response.ok) throw new Refused((await response.json()).refusal);
  return response.blob();
}

/** An image that the program holds, as a Blob; null when it has none or does not answer. */
export async function fetchImage(digest) {
  try {
    const response = await fetch(`/image/${digest}`, kept());
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  }
}
