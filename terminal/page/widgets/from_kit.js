/* from_kit.js: what the peripherals give to a form: bank card, PIN, recording, another person's ID card.
 *
 * A PIN has no input here: the page shows how many digits the customer's pad has taken, as dots.
 */
import { elapsed, t } from "backpack/i18n";
import { Button, html } from "backpack/ui";
import { now } from "/shared/clock.js";
import { cancelEntry, capture, deed } from "../capture.js";
import { Veiled } from "../veiled.js";
import { FromKit, hintOf } from "./parts.js";

const PIN_DIGITS = 6;

/** The press that starts a peripheral, or stops it while it works for this field. */
function Press({ open, busy, item, doing, name, icon, word }) {
  if (isAtWork(busy, item, doing)) {
    return html`<${Button} icon="x" onClick=${() => cancelEntry(open)}>${t("work.cancel_entry")}<//>`;
  }
  const first = item.state === "missing";
  return html`<${Button}
    kind=${first ? "primary" : "plain"}
    icon=${item.view.shown ? "refresh-cw" : icon}
    disabled=${busy !== null}
    onClick=${() => capture(open, name, item.field.name)}
  >${item.view.shown ? t("form.again") : word}<//>`;
}

function isAtWork(busy, item, doing) {
  return busy?.what === doing && busy.field === item.field.name;
}

export function BankCard(props) {
  const { open, busy, item, problem } = props;
  const { view, field } = item;
  const text = isAtWork(busy, item, "read_card")
    ? t("form.reading_card")
    : view.shown
      ? html`<span class="digits">${view.shown}</span>`
      : hintOf(field) || t("form.card_how");
  return html`<${FromKit} open=${open} item=${item} problem=${problem} icon="credit-card" text=${text}>
    <${Press} ...${props} doing="read_card" name="read_card" icon="credit-card" word=${t("form.read_card")} />
  <//>`;
}

/** The ID card of somebody beside the customer. */
export function OtherCard(props) {
  const { open, busy, item, problem } = props;
  const { view, field } = item;
  const text = isAtWork(busy, item, "read_id")
    ? t("identify.reading")
    : view.shown
      ? html`<${Veiled} open=${open} place=${`form/${item.field.name}`} text=${view.shown} />`
      : hintOf(field) || t("identify.how_other");
  return html`<${FromKit} open=${open} item=${item} problem=${problem} icon="id-card" text=${text}>
    <${Press} ...${props} doing="read_id" name="read_id" icon="scan-line" word=${t("identify.read")} />
  <//>`;
}

export function Pin(props) {
  const { open, busy, item, problem } = props;
  const text = isAtWork(busy, item, "enter_pin")
    ? html`${t("form.pin_entering")}<${Dots} count=${busy.keys} />`
    : t(item.state === "done" ? "form.pin_done" : "form.pin_how");
  return html`<${FromKit} open=${open} item=${item} problem=${problem} icon="keyboard" text=${text}>
    <${Press} ...${props} doing="enter_pin" name="enter_pin" icon="keyboard" word=${t("form.enter_pin")} />
  <//>`;
}

function Dots({ count }) {
  return html`<span class="dots" role="img" aria-label=${t("form.pin_count", { n: count })}>
    ${Array.from({ length: PIN_DIGITS }, (_unused, index) => html`<i key=${index} class=${index < count ? "full" : ""}></i>`)}
  </span>`;
}

/** Sound: the teller sees for how long it has been running, and what has to be said. */
export function Recorder(props) {
  const { open, busy, item, problem } = props;
  const { field, view } = item;
  const recording = isAtWork(busy, item, "record");
  const least = t("form.record_least", { n: field.seconds_min });
  const text = recording
    ? html`<span class="recording"><i></i>${t("form.recording")} <strong class="elapsed">${elapsed(now.value - busy.since_ms)}</strong></span>`
    : view.shown
      ? t("form.recorded", { time: view.shown })
      : least;
  return html`<div class="wide">
    <${FromKit} open=${open} item=${item} problem=${problem} icon="mic" text=${html`${text}${hintOf(field) && html`<span class="say">${hintOf(field)}</span>`}`}>
      ${recording && html`<${Button} kind="primary" icon="square" onClick=${() => deed(open, "stop_recording")}>${t("form.record_stop")}<//>`}
      <${Press} ...${props} doing="record" name="record" icon="mic" word=${t("form.record")} />
    <//>
  </div>`;
}
