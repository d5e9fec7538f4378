/* outcome.js: step 7 and the end: what to hand over, and how the case ended.
 */
import { useRef } from "preact/hooks";
import { fetchPaper } from "backpack/connection";
import { t } from "backpack/i18n";
import { Button, Icon, html, toast } from "backpack/ui";
import { StateBadge, StateTrail, stateTone } from "/shared/case_words.js";
import { deed, leave } from "./capture.js";
import { title } from "./case_list.js";
import { Reasons } from "./submit.js";
import { Veiled } from "./veiled.js";
import { AndNow } from "./suggestions.js";

/** How long a slip's tab may take to load what it shows, in milliseconds. */
const PAPER_KEPT_MS = 60_000;

export function HandOver({ open }) {
  return html`<div class="work-body outcome">
    <span class="outcome-icon good"><${Icon} name="package-check" size="large" /></span>
    <h2>${t("handover.title")}</h2>
    <p>${t(open.deliver ? "handover.card" : "handover.nothing")}</p>
    ${open.deliver &&
    html`<div class="bank-card">
      <span class="bank-card-name"><${Icon} name="landmark" />${t("sign_in.bank")}</span>
      <span class="bank-card-chip"></span>
      <span class="digits">${grouped(open.deliver)}</span>
    </div>`}
    <${Results} results=${open.results} />
    <${Button} kind="primary" class="big" icon="package-check" onClick=${() => deed(open, "hand_over")}>
      ${t(open.deliver ? "handover.go" : "handover.confirm")}
    <//>
  </div>`;
}

/** A masked card number in groups of four, as it is embossed. */
function grouped(masked) {
  return masked.replace(/(.{4})(?=.)/g, "$1 ");
}

const ICONS = { good: "circle-check", bad: "circle-x", idle: "minus" };

/** How each item of a business with several ended; nothing where there is only one. */
function Results({ results }) {
  if (results.length === 0) return null;
  return html`<ul class="results" aria-label=${t("done.results")}>
    ${results.map(
      (one, index) => html`<li key=${index} class=${one.ok ? "good" : "bad"}>
        <${Icon} name=${one.ok ? "circle-check" : "circle-x"} label=${t(one.ok ? "done.item_ok" : "done.item_bad")} />
        <span>${title(one)}${!one.ok && one.message && html`<small>${one.message}</small>`}</span>
      </li>`,
    )}
  </ul>`;
}

/** What was registered without anybody's signature, as the office wrote it down. */
function Receipt({ open }) {
  return html`<section class="card slip-paper receipt" aria-label=${t("done.receipt")}>
    <header><h2>${title(open.slip)}</h2><p>${t("done.unsigned")}</p></header>
    <dl>
      ${open.slip.lines.map((line, index) => html`<div key=${index}><dt>${title(line)}</dt><dd><${Veiled} open=${open} place=${`slip/${index}`} text=${line.value} /></dd></div>`)}
    </dl>
  </section>`;
}

/** The signed slip as it is printed, in a tab of its own; the office draws it for each look. Give it a
 * key: a browser opens no tab seconds after the press, and what was drawn is then for the next one. */
function Paper({ open }) {
  const drawn = useRef(null);
  const look = async () => {
    drawn.current ??= await fetchPaper(open.case_id);
    if (opensTab(drawn.current)) drawn.current = null;
    else toast(t("done.paper_blocked"), "wait");
  };
  return html`<${Button} icon="file-text" onClick=${look}>${t("done.paper")}<//>`;
}

/** Show a file in a tab of its own; false when the browser opened none. */
function opensTab(file) {
  const url = URL.createObjectURL(file);
  setTimeout(() => URL.revokeObjectURL(url), PAPER_KEPT_MS);
  return window.open(url, "_blank") !== null;
}

/** What a person reads over a telephone; the outlet's manager looks it up. */
function reference(open) {
  return open.case_id.replaceAll("-", "").slice(-12).replace(/(.{4})(?=.)/g, "$1-");
}

export function Done({ terminal }) {
  const { open } = terminal;
  const signed = open.steps.some((step) => step.state === "SIGNED");
  const unsigned = open.slip !== null && !signed;
  const tone = { good: "good", bad: "bad" }[stateTone(open.state)] ?? "idle";
  return html`<div class="work-body done">
    <section class="outcome">
      <span class=${`outcome-icon ${tone}`}><${Icon} name=${ICONS[tone]} size="large" /></span>
      <h2>${t(`done.${tone}`)}</h2>
      <${StateBadge} state=${open.state} />
      ${tone === "good" && html`<p>${t(open.promised ? "done.promised_note" : "done.good_note")}</p>`}
      ${open.state === "AUTH_REJECTED"
        ? html`<p class="not-now">${t("done.not_now", { reference: reference(open) })}</p>`
        : open.reasons.length > 0 && html`<${Reasons} reasons=${open.reasons} />`}
      <${Results} results=${open.results} />
      ${tone === "good" && unsigned && html`<${Receipt} open=${open} />`}
      ${tone === "good" && signed && html`<${Paper} key=${open.case_id} open=${open} />`}
      <${Button} kind="primary" class="big" icon="users" onClick=${() => leave(open)}>
        ${t("work.next_customer")}
      <//>
      ${tone === "good" && html`<${AndNow} terminal=${terminal} />`}
    </section>
    <section class="card wait-trail">
      <h2>${t("wait.trail")}</h2>
      <${StateTrail} steps=${open.steps} />
    </section>
  </div>`;
}
