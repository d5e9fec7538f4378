/* work.js: the open case in the middle: its stepper, the view of its step, and giving it up.
 *
 * The agent says at which stage the case is. While it is being captured, the teller may look at any
 * capturing step; as soon as the agent moves on, the page follows.
 */
import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "backpack/i18n";
import { Button, Dialog, Field, Icon, Stepper, html } from "backpack/ui";
import { StateBadge, stateTone } from "/shared/case_words.js";
import { CAPTURE_STEPS, deed, itemsOf, kitBusy, lacking, leave, ofStep } from "./capture.js";
import { productIcon, title } from "./case_list.js";
import { FormStep } from "./form.js";
import { IdentifyStep } from "./identify.js";
import { Done, HandOver } from "./outcome.js";
import { PhotoStep } from "./photo.js";
import { Owed, Rescan } from "./rescan.js";
import { SlipView } from "./slip.js";
import { SubmitStep } from "./submit.js";
import { Waiting } from "./waiting.js";

const STEPS = ["identify", "photos", "form", "submit", "waiting", "sign", "handover"];
const AFTER_SIGNING = ["SIGNED", "COMMITTING", "COMMIT_UNKNOWN"];
const BEFORE_CORE = [
  "DRAFT", "IDENTIFIED", "CAPTURED", "SUBMITTED", "AUTO_PASSED", "AUTH_QUEUED", "AUTH_CLAIMED", "AUTH_RETURNED",
];
const CAPTURE_VIEWS = { identify: IdentifyStep, photos: PhotoStep, form: FormStep, submit: SubmitStep };

export function Work({ terminal: told }) {
  const terminal = { ...told, busy: kitBusy(told) };
  const { open, busy } = terminal;
  const [looked, setLooked] = useState(open.stage);
  useLayoutEffect(() => setLooked(open.stage), [open.stage]);
  const capturing = CAPTURE_STEPS.includes(open.stage);
  const step = capturing && CAPTURE_STEPS.includes(looked) ? looked : open.stage;
  return html`<section class="work">
    <header class="work-head">
      <span class="work-icon"><${Icon} name=${productIcon(open.product)} /></span>
      <div>
        <h1>${title(open)}</h1>
        <small>${t("work.case", { id: open.case_id.slice(-12) })}</small>
      </div>
      <${StateBadge} state=${open.state} />
      <span class="spread"></span>
      ${BEFORE_CORE.includes(open.state) && open.stage !== "done" && html`<${GiveUp} open=${open} />`}
      <${Button} kind="quiet" icon="arrow-left" onClick=${() => leave(open)}>${t("work.back_to_list")}<//>
    </header>
    <${Stepper}
      steps=${STEPS.map((name) => t(`step.${name}`))}
      current=${stepIndex(open)}
      shown=${STEPS.indexOf(step)}
      canPick=${(index) => capturing && CAPTURE_STEPS.includes(STEPS[index])}
      onPick=${(index) => setLooked(STEPS[index])}
    />
    ${capturing
      ? html`<${Capturing} terminal=${terminal} step=${step} look=${setLooked} />`
      : html`<${Later} terminal=${terminal} busy=${busy} />`}
  </section>`;
}

/** How many steps are behind. A wait after the signature is a wait for the hand-over; a case that
 * ended early stays where it ended. */
function stepIndex(open) {
  if (open.stage === "done") return stateTone(open.state) === "good" ? STEPS.length : STEPS.indexOf(endedAt(open));
  if (open.stage === "waiting" && AFTER_SIGNING.includes(open.state)) return STEPS.indexOf("handover");
  return STEPS.indexOf(open.stage);
}

function endedAt(open) {
  const passed = (state) => open.steps.some((step) => step.state === state);
  if (passed("PREPARED")) return "sign";
  return passed("SUBMITTED") ? "waiting" : passed("IDENTIFIED") ? "photos" : "identify";
}

function Capturing({ terminal, step, look }) {
  const View = CAPTURE_VIEWS[step];
  const items = itemsOf(terminal.open);
  const left = lacking(ofStep(items, step)).length;
  const next = CAPTURE_STEPS[CAPTURE_STEPS.indexOf(step) + 1];
  return html`<div class="work-body">
      <${View} terminal=${terminal} items=${items} look=${look} />
    </div>
    ${next &&
    html`<footer class="work-foot">
      <span class=${left ? "left" : "left left-none"}>
        <${Icon} name=${left ? "circle-alert" : "circle-check"} />${left ? t("work.left", { n: left }) : t("work.complete")}
      </span>
      <${Button} kind=${left ? "plain" : "primary"} icon="chevron-right" onClick=${() => look(next)}>
        ${t("work.next", { step: t(`step.${next}`) })}
      <//>
    </footer>`}`;
}

/** After the capture; beside it, what the case owes, except while the customer reads. */
function Later({ terminal }) {
  const { owed, stage } = terminal.open;
  const [taking, setTaking] = useState(false);
  if (owed === null || stage === "sign") return html`<${Outcome} terminal=${terminal} />`;
  if (taking && !owed.given) return html`<${Rescan} terminal=${terminal} onBack=${() => setTaking(false)} />`;
  return html`<${Owed} terminal=${terminal} onTake=${() => setTaking(true)} />
    <${Outcome} terminal=${terminal} />`;
}

function Outcome({ terminal }) {
  switch (terminal.open.stage) {
    case "sign":
      return html`<${SlipView} terminal=${terminal} />`;
    case "handover":
      return html`<${HandOver} open=${terminal.open} />`;
    case "done":
      return html`<${Done} terminal=${terminal} />`;
    default:
      return html`<${Waiting} terminal=${terminal} />`;
  }
}

const REASONS = ["changed_mind", "incomplete", "mistake", "other"];

function GiveUp({ open }) {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [detail, setDetail] = useState("");
  const close = () => setAsking(false);
  const go = async () => {
    const words = [t(`give_up.${reason}`), detail.trim()].filter(Boolean).join(t("give_up.colon"));
    await deed(open, "cancel_case", { reason: words });
    close();
  };
  return html`<${Button} kind="quiet" icon="ban" onClick=${() => setAsking(true)}>${t("give_up.button")}<//>
    <${Dialog}
      open=${asking}
      title=${t("give_up.title")}
      onClose=${close}
      actions=${html`<${Button} onClick=${close}>${t("give_up.keep")}<//>
        <${Button} kind="danger" icon="ban" disabled=${reason === ""} onClick=${go}>${t("give_up.button")}<//>`}
    >
      <p>${t("give_up.note")}</p>
      <fieldset class="options">
        <legend>${t("give_up.reason")}</legend>
        ${REASONS.map(
          (one) => html`<label key=${one} class="option">
            <input type="radio" name="give-up" checked=${reason === one} onChange=${() => setReason(one)} />
            <span>${t(`give_up.${one}`)}</span>
          </label>`,
        )}
      </fieldset>
      <${Field} label=${t("give_up.detail")}>
        <input value=${detail} maxlength="100" onInput=${(event) => setDetail(event.target.value)} />
      <//>
    <//>`;
}
