/* identify.js: step 1: the ID card is read by its chip, shown beside the person, and checked online.
 */
import { pick, t } from "backpack/i18n";
import { Badge, Button, Icon, html } from "backpack/ui";
import { cancelEntry, capture, ofStep, problemText } from "./capture.js";
import { ForLater } from "./suggestions.js";
import { Veiled } from "./veiled.js";
import { OtherCard } from "./widgets/from_kit.js";

const RESULTS = {
  "": ["info", "loader-circle"],
  waits: ["wait", "wifi-off"],
  match: ["good", "shield-check"],
  match_without_photo: ["wait", "triangle-alert"],
  name_differs: ["bad", "shield-alert"],
  number_absent: ["bad", "shield-alert"],
  unavailable: ["wait", "clock"],
};
/** Without the office nobody is checking anything: the question waits on this device. */
function waitsFor(uplink) {
  return uplink === "online" ? "" : "waits";
}

const NEEDS_SECOND_DOCUMENT = ["name_differs", "number_absent"];

export function IdentifyStep({ terminal, items, look }) {
  const { open, busy } = terminal;
  const [item, ...others] = ofStep(items, "identify");
  if (item === undefined) return html`<p class="step-none"><${Icon} name="circle-check" />${t("identify.none")}</p>`;
  const read = () => capture(open, "read_id", item.field.name);
  const problem = problemText(open, item);
  const complaint = problem && html`<p class="complaint" role="alert"><${Icon} name="circle-alert" />${problem}</p>`;
  if (busy?.what === "read_id" && busy.field === item.field.name) {
    return html`<${Invitation} text=${t("identify.reading")} turning>
      <${Button} icon="x" onClick=${() => cancelEntry(open)}>${t("work.cancel_entry")}<//>
    <//>`;
  }
  if (open.identity === null) {
    return html`<${Invitation} text=${t("identify.how")}>
      ${complaint}
      <${Button} kind="primary" class="big" icon="scan-line" disabled=${busy !== null} onClick=${read}>${t("identify.read")}<//>
    <//>`;
  }
  return html`<div class="identify">
    ${complaint}
    <${IdCard} open=${open} place=${`form/${item.field.name}`} />
    <${Check} result=${open.identity.result || waitsFor(terminal.link)} look=${look} />
    <div class="row">
      <${Button} icon="refresh-cw" disabled=${busy !== null} onClick=${read}>${t("identify.again")}<//>
      <span class="hint"><${Icon} name="eye" />${t("identify.compare")}</span>
    </div>
    ${others.map(
      (one) => html`<${OtherCard} key=${one.field.name} open=${open} busy=${busy} item=${one} problem=${problemText(open, one)} />`,
    )}
    <${ForLater} terminal=${terminal} />
  </div>`;
}

function Invitation({ text, turning = false, children }) {
  return html`<div class="invitation">
    <span class="invitation-icon ${turning ? "invitation-busy" : ""}"><${Icon} name="id-card" size="large" /></span>
    <p>${text}</p>
    ${children}
  </div>`;
}

function IdCard({ open, place }) {
  const { identity } = open;
  const entry = (name, value, wide = false) => html`<div class=${wide ? "wide" : ""}>
    <dt>${t(`identify.${name}`)}</dt>
    <dd>${value}</dd>
  </div>`;
  return html`<section class="card id-card" aria-label=${t("identify.card")}>
    <span class="id-card-photo"><${Icon} name="user" size="large" /></span>
    <dl>
      ${entry("name", html`<strong>${identity.name}</strong>`)} ${entry("sex", pick(SEXES[identity.sex] ?? identity.sex))}
      ${entry("nation", identity.nation)} ${entry("birth", identity.birth)}
      ${entry("number", html`<${Veiled} open=${open} place=${place} text=${identity.number_masked} />`, true)} ${entry("valid", identity.valid)}
      ${entry("address", identity.address, true)}
    </dl>
  </section>`;
}

const SEXES = { 男: { zh: "男", en: "男 (male)" }, 女: { zh: "女", en: "女 (female)" } };

function Check({ result, look }) {
  const [tone, icon] = RESULTS[result];
  return html`<section class=${`check check-${tone}`} aria-label=${t("identity.check")}>
    <div>
      <span class="check-name">${t("identity.check")}</span>
      <${Badge} state=${tone} icon=${icon}>${t(`identity.${result}`)}<//>
    </div>
    <p>${t(`identity.note.${result}`)}</p>
    ${NEEDS_SECOND_DOCUMENT.includes(result) &&
    html`<${Button} icon="camera" onClick=${() => look("photos")}>${t("step.photos")}<//>`}
  </section>`;
}
