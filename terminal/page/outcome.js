/* outcome.js: step 7 and the end: what to hand over, and how the case ended.
 */
import { command } from "backpack/connection";
import { t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { StateBadge, StateTrail, stateTone } from "/shared/case_words.js";
import { Reasons } from "./submit.js";

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
    <${Button} kind="primary" class="big" icon="package-check" onClick=${() => command("hand_over")}>
      ${t(open.deliver ? "handover.go" : "handover.confirm")}
    <//>
  </div>`;
}

/** A masked card number in groups of four, as it is embossed. */
function grouped(masked) {
  return masked.replace(/(.{4})(?=.)/g, "$1 ");
}

const ICONS = { good: "circle-check", bad: "circle-x", idle: "minus" };

export function Done({ open }) {
  const tone = { good: "good", bad: "bad" }[stateTone(open.state)] ?? "idle";
  return html`<div class="work-body done">
    <section class="outcome">
      <span class=${`outcome-icon ${tone}`}><${Icon} name=${ICONS[tone]} size="large" /></span>
      <h2>${t(`done.${tone}`)}</h2>
      <${StateBadge} state=${open.state} />
      ${tone === "good" && html`<p>${t("done.good_note")}</p>`}
      ${open.reasons.length > 0 && html`<${Reasons} reasons=${open.reasons} />`}
      <${Button} kind="primary" class="big" icon="users" onClick=${() => command("show_case", { case_id: "" })}>
        ${t("work.next_customer")}
      <//>
    </section>
    <section class="card wait-trail">
      <h2>${t("wait.trail")}</h2>
      <${StateTrail} steps=${open.steps} />
    </section>
  </div>`;
}
