/* waiting.js: step 5 and every later wait: what is being waited for, for how long, and what came back.
 *
 * Nobody has to stand here: "next customer" is always at hand, and the list shows when it is the
 * teller's turn again.
 */
import { dayOf, elapsed, hourMinute, refusalText, t } from "backpack/i18n";
import { Button, Icon, html, toastError } from "backpack/ui";
import { StateTrail, stateIcon, stateTone } from "/shared/case_words.js";
import { now } from "/shared/clock.js";
import { deed, leave } from "./capture.js";
import { Reasons } from "./submit.js";

const PHASES = {
  SUBMITTED: "authorization",
  AUTO_PASSED: "core",
  AUTH_QUEUED: "authorization",
  AUTH_CLAIMED: "review",
  AUTH_APPROVED: "core",
  AUTH_RETURNED: "returned",
  STORED: "stored",
  PREPARING: "core",
  PREPARE_UNKNOWN: "unknown",
  SIGNED: "commit",
  COMMITTING: "commit",
  COMMIT_UNKNOWN: "unknown",
  ABORTING: "abort",
  MANUAL: "manual",
};

/** What the teller did that the office has not heard of yet comes before the office's last word. */
const PROMISES = ["cancel", "refusal"];

export function Waiting({ terminal }) {
  const { open } = terminal;
  const online = terminal.link === "online";
  const told = PHASES[open.state] ?? (online ? "sending" : "offline");
  const phase = PROMISES.includes(open.promised) ? open.promised : told;
  const old = !online && open.state in PHASES;
  const returned = phase === "returned";
  return html`<div class="work-body waiting">
    <section class=${`card wait-card wait-${returned ? "bad" : "calm"}`}>
      <span class=${`wait-icon ${stateTone(open.state)} ${returned ? "" : "wait-breathing"}`}>
        <${Icon} name=${phase === "offline" ? "wifi-off" : stateIcon(open.state)} size="large" />
      </span>
      <h2>${t(`wait.${phase}`)}</h2>
      <p>${t(`wait.${phase}_note`)}</p>
      ${returned && html`<${Reasons} reasons=${open.reasons} />`}
      ${old && html`<p class="notice wait"><${Icon} name="wifi-off" />${t("wait.as_of")}</p>`}
      ${open.live_wanted && html`<${LivePhoto} open=${open} busy=${terminal.busy !== null} problem=${open.reasons.at(-1)} />`}
      ${open.waits_until_ms > 0 && phase !== "returned" && html`<${Countdown} open=${open} until=${open.waits_until_ms} reviewed=${phase === "review"} />`}
      ${!returned && html`<p class="wait-time">${t("wait.elapsed")} <strong class="elapsed">${elapsed(now.value - since(open))}</strong></p>`}
      ${open.ends_ms > 0 && html`<p class="wait-ends">${t(returned ? "wait.correct_by" : "wait.ends", { when: `${dayOf(open.ends_ms)} ${hourMinute(open.ends_ms)}` })}</p>`}
      ${open.uploaded < 100 && html`<${Upload} uploaded=${open.uploaded} />`}
      <div class="row">
        ${returned &&
        html`<${Button} kind="primary" class="big" icon="pen-line" onClick=${() => deed(open, "correct")}>${t("wait.correct")}<//>`}
        <${Button} kind=${returned ? "plain" : "primary"} class="big" icon="users" onClick=${() => leave(open)}>
          ${t("work.next_customer")}
        <//>
      </div>
      ${!returned && html`<small>${t("wait.may_leave")}</small>`}
    </section>
    <section class="card wait-trail">
      <h2>${t("wait.trail")}</h2>
      <${StateTrail} steps=${open.steps} />
    </section>
  </div>`;
}

/** Since when the teller waits: the newest submission or signature, else the newest state. */
function since(open) {
  const starts = open.steps.filter((step) => ["SUBMITTED", "SIGNED"].includes(step.state));
  return (starts.at(-1) ?? open.steps.at(-1))?.at_ms ?? now.value;
}

/** The authorizer wants to see the customer now. */
function LivePhoto({ open, busy, problem }) {
  const take = () => deed(open, "take_photo", { field: "live_photo" }).catch(toastError);
  return html`<p class="notice wait" role="alert"><${Icon} name="camera" />${t("wait.live")}</p>
    ${problem && html`<p class="notice bad">${refusalText(problem)}</p>`}
    <${Button} kind="primary" class="big" icon=${busy ? "loader-circle" : "camera"} disabled=${busy} onClick=${take}>${t("wait.live_take")}<//>`;
}

/** How long the customer is asked to wait; after that, a way for them to leave. */
function Countdown({ open, until, reviewed }) {
  const leftMs = until - now.value;
  if (leftMs > 0) {
    return html`<p class="wait-time">${t("wait.countdown")} <strong class="elapsed">${elapsed(leftMs)}</strong></p>`;
  }
  if (reviewed) return html`<p>${t("wait.over_review")}</p>`;
  return html`<p>${t("wait.over")}</p>
    <${Button} class="big" icon="clock" onClick=${() => deed(open, "continue_later")}>${t("wait.later")}<//>`;
}

function Upload({ uploaded }) {
  const word = t("photo.uploading", { n: uploaded });
  return html`<div class="travel wait-upload">
    <span>${t("wait.upload")}</span>
    <progress max="100" value=${uploaded} aria-label=${word}></progress>
    <strong>${uploaded}%</strong>
  </div>`;
}
