/* connection.js: the page's one line to its program.
 *
 * How to use it:
 *   import { state, link, connect, command, upload, imageUrl } from "backpack/connection";
 *   connect();                                    // once, in main.js
 *   state.value                                   // signal: the whole view model, null before the first
 *   link.value                                    // signal: "connecting" | "online" | "offline" | "refused"
 *   await command("submit", { case_id })          // the answer's value
 *   await upload(blob)                            // JPEG in, hex digest out
 *   html`<img src=${imageUrl(digest)} />`
 *
 * A command that is refused rejects with `Refused` (`.refusal` is {code, field, message, retryable}).
 * A command whose answer does not come, because the link broke or time ran out, rejects with
 * `OutcomeUnknown`: it may have been carried out, so the page never repeats it by itself; the next
 * `state` tells what happened. Nothing is queued while the link is down: such a command rejects with
 * `NotSent` at once.
 *
 * Invariant: each command promise settles exactly once.
 */
import { signal } from "@preact/signals";

export const ANSWER_WAIT_MS_MAX = 30_000;
const RETRY_WAIT_MS_MIN = 250;
const RETRY_WAIT_MS_MAX = 4_000;
const CLOSED_BY_RULE = 4403;

/** The whole view model as the program last sent it; null until the first arrives. */
export const state = signal(null);
/** How the link to the program stands. "refused" is final: the page must be opened anew. */
export const link = signal("connecting");

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

/** Open the link and keep it open. Calling it again does nothing. */
export function connect() {
  if (socket !== null) return;
  const token = document.querySelector('meta[name="page-token"]').content;
  socket = new WebSocket(`ws://${location.host}/socket`);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ type: "hello", token }));
  });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => lost(event.code));
}

function receive(message) {
  retryWaitMs = RETRY_WAIT_MS_MIN;
  link.value = "online";
  if (message.type === "state") {
    state.value = message.state;
  } else if (message.type === "answer") {
    const asker = waiting.get(message.id);
    if (asker === undefined) return;
    if (message.ok) asker.resolve(message.value);
    else asker.reject(new Refused(message.refusal));
  }
}

function lost(code) {
  socket = null;
  link.value = code === CLOSED_BY_RULE ? "refused" : "offline";
  for (const asker of [...waiting.values()]) asker.reject(new OutcomeUnknown());
  if (code === CLOSED_BY_RULE) return;
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
  let response;
  try {
    response = await fetch("/upload", {
      method: "POST",
      headers: { "Content-Type": "image/jpeg" },
      body: jpeg,
    });
  } catch {
    throw new OutcomeUnknown();
  }
  const answer = await response.json();
  if (!answer.ok) throw new Refused(answer.refusal);
  return answer.value;
}

/** Where the page finds an image that the program holds. */
export function imageUrl(digest) {
  return `/image/${digest}`;
}
