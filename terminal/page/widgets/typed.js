/* typed.js: what is typed: text, numbers, amounts, numbers of people.
 *
 * What is typed is sent when the field is left, so a half-typed number is never judged; an emptied
 * field takes the answer away. An ID number is shown masked as soon as it is kept, and typed anew to
 * be changed.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { money, t } from "backpack/i18n";
import { Field, Icon, html, isKey, toastError } from "backpack/ui";
import { capture } from "../capture.js";
import { title } from "../case_list.js";
import { Veiled } from "../veiled.js";
import { hintOf, scaled } from "./parts.js";

/** An input that sends its text when it is left or Enter is pressed, and follows the agent otherwise. */
export function Typed({ open, item, problem, hint, prefix, suffix, masked = false, busy: _busy, ...rest }) {
  const { field, view } = item;
  const [text, setText] = useState(view.shown);
  const input = useRef(null);
  useEffect(() => {
    if (document.activeElement !== input.current) setText(view.shown);
  }, [view.shown]);
  const typed = useRef(false);
  const send = async () => {
    if (!typed.current || text === view.shown) return;
    typed.current = false;
    await capture(open, "set_value", field.name, { value: text });
  };
  const leave = () => (masked && text === "" ? setText(view.shown) : send());
  const left = useRef(leave);
  left.current = leave;
  // Another window may open another case in the middle of a word: it goes to where it was typed.
  useEffect(() => () => left.current()?.catch(toastError), []);
  return html`<${Field} label=${title(field)} hint=${hint || hintOf(field)} error=${problem} required=${field.required}>
    <span class="typed">
      ${prefix && html`<span class="affix">${prefix}</span>`}
      <input
        ref=${input}
        id=${`field-${field.name}`}
        name=${field.name}
        value=${text}
        autocomplete="off"
        onFocus=${() => masked && setText("")}
        onInput=${(event) => {
          typed.current = true;
          setText(event.target.value);
        }}
        onBlur=${leave}
        onKeyDown=${(event) => isKey(event, "Enter") && event.target.blur()}
        ...${rest}
      />
      ${item.state === "done" && html`<span class="affix tick"><${Icon} name="circle-check" label=${t("ui.done")} /></span>`}
      ${suffix && html`<span class="affix">${suffix}</span>`}
    </span>
  <//>`;
}

export function TextInput(props) {
  return html`<${Typed} ...${props} maxlength=${props.item.field.chars_max} />`;
}

export function IdNumberInput(props) {
  const { open, item } = props;
  const place = `form/${item.field.name}`;
  return html`<div class="id-number">
    <${Typed} ...${props} masked maxlength="20" autocapitalize="characters" />
    ${open.veiled.includes(place) && html`<${Veiled} open=${open} place=${place} text=${item.view.shown} />`}
  </div>`;
}

export function AmountInput(props) {
  const { fen_min: least, fen_max: most } = props.item.field;
  const range = { min: money(least), max: money(most) };
  const bounds = most > 0 ? t(least > 1 ? "form.range" : "form.amount_hint", range) : "";
  const hint = [bounds, hintOf(props.item.field)].filter(Boolean).join(t("list.hints"));
  return html`<${Typed} ...${props} inputmode="decimal" maxlength="16" prefix="¥" suffix=${t("form.amount_unit")} hint=${hint} />`;
}

export function NumberInput(props) {
  const { field } = props.item;
  const unit = title({ title_zh: field.unit_zh, title_en: field.unit_en });
  const range = { min: scaled(field.number_min, field.decimals), max: scaled(field.number_max, field.decimals) };
  const mode = field.decimals > 0 ? "decimal" : "numeric";
  return html`<${Typed} ...${props} inputmode=${mode} maxlength="16" suffix=${unit} hint=${hintOf(field) || t("form.range", range)} />`;
}
