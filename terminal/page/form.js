/* form.js: step 3: one widget per kind of field; it knows kinds, never products.
 *
 * What is typed is sent when the field is left, so a half-typed number is never judged. A PIN has no
 * input here: the page shows how many digits the customer's pad has taken, as dots.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { money, t } from "backpack/i18n";
import { Button, Field, Icon, html } from "backpack/ui";
import { cancelEntry, capture, ofStep, problemText } from "./capture.js";
import { title } from "./case_list.js";

const CARDS_MAX = 5;
const PIN_DIGITS = 6;
const WIDE_OPTION_CHARS = 12;

const WIDGETS = {
  text: TextInput,
  phone: PhoneInput,
  amount: AmountInput,
  choice: Choice,
  bank_card: BankCard,
  pin: Pin,
  new_pin: Pin,
};

export function FormStep({ terminal, items }) {
  return html`<div class="form">
    ${ofStep(items, "form").map((item) => {
      const Widget = WIDGETS[item.field.kind];
      return html`<${Widget}
        key=${item.field.name}
        open=${terminal.open}
        busy=${terminal.busy}
        item=${item}
        problem=${problemText(terminal.open, item)}
      />`;
    })}
  </div>`;
}

function hintOf(field) {
  return title({ title_zh: field.hint_zh, title_en: field.hint_en });
}

/** An input that sends its text when it is left or Enter is pressed, and follows the agent otherwise. */
function Typed({ open, item, problem, hint, prefix, suffix, ...rest }) {
  const { field, view } = item;
  const [text, setText] = useState(view.shown);
  const input = useRef(null);
  useEffect(() => {
    if (document.activeElement !== input.current) setText(view.shown);
  }, [view.shown]);
  const send = async () => {
    if (text !== view.shown) await capture(open, "set_value", field.name, { value: text });
  };
  return html`<${Field} label=${title(field)} hint=${hint || hintOf(field)} error=${problem} required=${field.required}>
    <span class="typed">
      ${prefix && html`<span class="affix">${prefix}</span>`}
      <input
        ref=${input}
        id=${`field-${field.name}`}
        name=${field.name}
        value=${text}
        autocomplete="off"
        onInput=${(event) => setText(event.target.value)}
        onBlur=${send}
        onKeyDown=${(event) => event.key === "Enter" && event.target.blur()}
        ...${rest}
      />
      ${item.state === "done" && html`<span class="affix tick"><${Icon} name="circle-check" label=${t("ui.done")} /></span>`}
      ${suffix && html`<span class="affix">${suffix}</span>`}
    </span>
  <//>`;
}

function TextInput(props) {
  return html`<${Typed} ...${props} maxlength=${props.item.field.chars_max} />`;
}

function PhoneInput(props) {
  return html`<${Typed} ...${props} type="tel" inputmode="tel" maxlength="16" />`;
}

function AmountInput(props) {
  const { fen_max: most } = props.item.field;
  const hint = most > 0 ? t("form.amount_hint", { max: money(most) }) : "";
  return html`<${Typed} ...${props} inputmode="decimal" maxlength="16" prefix="¥" suffix=${t("form.amount_unit")} hint=${hint} />`;
}

function Choice({ open, item, problem }) {
  const { field, view } = item;
  const send = (code) => capture(open, "set_value", field.name, { value: code });
  if (field.options.length > CARDS_MAX) {
    return html`<${Field} label=${title(field)} hint=${hintOf(field)} error=${problem} required=${field.required}>
      <select id=${`field-${field.name}`} name=${field.name} value=${view.shown} onChange=${(event) => send(event.target.value)}>
        <option value="" disabled>${t("form.choose")}</option>
        ${field.options.map((option) => html`<option key=${option.code} value=${option.code}>${title(option)}</option>`)}
      </select>
    <//>`;
  }
  const long = field.options.some((option) => title(option).length > WIDE_OPTION_CHARS);
  return html`<fieldset class=${`options wide ${long ? "long" : ""}`} id=${`field-${field.name}`}>
    <legend>${title(field)}${field.required && html`<em title=${t("ui.required")}>*</em>`}</legend>
    ${field.options.map(
      (option) => html`<label key=${option.code} class="option">
        <input
          type="radio"
          name=${field.name}
          checked=${view.shown === option.code}
          onChange=${() => send(option.code)}
        />
        <span>${title(option)}</span>
      </label>`,
    )}
    ${problem && html`<small class="complaint" role="alert"><${Icon} name="circle-alert" />${problem}</small>`}
  </fieldset>`;
}

/** What the kit captures: a title, how it stands, and one press. */
function FromKit({ item, problem, icon, text, children }) {
  const { field, state } = item;
  return html`<section class=${`from-kit from-kit-${state}`} id=${`field-${field.name}`} aria-label=${title(field)}>
    <span class="from-kit-icon"><${Icon} name=${state === "done" ? "circle-check" : icon} /></span>
    <div>
      <h3>${title(field)}${field.required && html`<em title=${t("ui.required")}>*</em>`}</h3>
      <p>${text}</p>
      ${problem && html`<p class="complaint" role="alert"><${Icon} name="circle-alert" />${problem}</p>`}
    </div>
    ${children}
  </section>`;
}

function BankCard({ open, busy, item, problem }) {
  const { field, view, state } = item;
  const reading = busy?.what === "read_card" && busy.field === field.name;
  const text = reading ? t("form.reading_card") : view.shown ? html`<span class="digits">${view.shown}</span>` : t("form.card_how");
  return html`<${FromKit} item=${item} problem=${problem} icon="credit-card" text=${text}>
    ${reading
      ? html`<${Button} icon="x" onClick=${cancelEntry}>${t("work.cancel_entry")}<//>`
      : html`<${Button}
          kind=${state === "missing" ? "primary" : "plain"}
          icon=${state === "missing" ? "credit-card" : "refresh-cw"}
          disabled=${busy !== null}
          onClick=${() => capture(open, "read_card", field.name)}
        >${state === "missing" ? t("form.read_card") : t("form.again")}<//>`}
  <//>`;
}

function Pin({ open, busy, item, problem }) {
  const { field, state } = item;
  const entering = busy?.what === "enter_pin" && busy.field === field.name;
  const text = entering
    ? html`${t("form.pin_entering")}<${Dots} count=${busy.keys} />`
    : t(state === "done" ? "form.pin_done" : "form.pin_how");
  return html`<${FromKit} item=${item} problem=${problem} icon="keyboard" text=${text}>
    ${entering
      ? html`<${Button} icon="x" onClick=${cancelEntry}>${t("work.cancel_entry")}<//>`
      : html`<${Button}
          kind=${state === "missing" ? "primary" : "plain"}
          icon=${state === "missing" ? "keyboard" : "refresh-cw"}
          disabled=${busy !== null}
          onClick=${() => capture(open, "enter_pin", field.name)}
        >${state === "missing" ? t("form.enter_pin") : t("form.again")}<//>`}
  <//>`;
}

function Dots({ count }) {
  return html`<span class="dots" role="img" aria-label=${t("form.pin_count", { n: count })}>
    ${Array.from({ length: PIN_DIGITS }, (_unused, index) => html`<i key=${index} class=${index < count ? "full" : ""}></i>`)}
  </span>`;
}
