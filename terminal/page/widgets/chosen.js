/* chosen.js: what is chosen from the form itself: one option, several, or a statement confirmed.
 */
import { t } from "backpack/i18n";
import { Field, html } from "backpack/ui";
import { capture } from "../capture.js";
import { title } from "../case_list.js";
import { Complaint, Head, TakeBack, hintOf } from "./parts.js";

const CARDS_MAX = 5;
const WIDE_OPTION_CHARS = 12;

export function Choice({ open, item, problem }) {
  const { field, view } = item;
  const send = (code) => capture(open, "set_value", field.name, { value: code });
  if (field.options.length > CARDS_MAX) {
    return html`<${Field} label=${title(field)} hint=${hintOf(field)} error=${problem} required=${field.required}>
      <select id=${`field-${field.name}`} name=${field.name} value=${view.shown} onChange=${(event) => send(event.target.value)}>
        <option value="" disabled=${field.required}>${t(field.required ? "form.choose" : "submit.none")}</option>
        ${field.options.map((option) => html`<option key=${option.code} value=${option.code}>${title(option)}</option>`)}
      </select>
    <//>`;
  }
  return html`<${Options} open=${open} item=${item} problem=${problem} type="radio" chosen=${[view.shown]} onPick=${send} />`;
}

export function Choices({ open, item, problem }) {
  const { field, view } = item;
  const chosen = view.shown.split(",").filter(Boolean);
  const toggle = (code) => {
    const codes = chosen.includes(code) ? chosen.filter((one) => one !== code) : [...chosen, code];
    return capture(open, "set_value", field.name, { value: codes.join(",") });
  };
  return html`<${Options} open=${open} item=${item} problem=${problem} type="checkbox" chosen=${chosen} onPick=${toggle} />`;
}

function Options({ open, item, problem, type, chosen, onPick }) {
  const { field } = item;
  const long = type === "checkbox" || field.options.some((option) => title(option).length > WIDE_OPTION_CHARS);
  const hint = hintOf(field);
  return html`<fieldset class="choice wide" id=${`field-${field.name}`}>
    <legend><${Head} field=${field} /></legend>
    <div class=${`options ${long ? "long" : ""}`}>
      ${field.options.map(
        (option) => html`<label key=${option.code} class="option">
          <input type=${type} name=${field.name} checked=${chosen.includes(option.code)} onChange=${() => onPick(option.code)} />
          <span>${title(option)}</span>
        </label>`,
      )}
      ${type === "radio" && html`<${TakeBack} open=${open} item=${item} />`}
    </div>
    ${hint && !problem && html`<small>${hint}</small>`}
    <${Complaint} text=${problem} />
  </fieldset>`;
}

/** A statement that somebody makes; its title is the statement. */
export function Confirm({ open, item, problem }) {
  const { field, view } = item;
  const said = view.shown !== "";
  const send = () => capture(open, "set_value", field.name, { value: said ? "" : "yes" });
  return html`<div class="wide" id=${`field-${field.name}`}>
    <label class="option statement">
      <input type="checkbox" name=${field.name} checked=${said} onChange=${send} />
      <span><${Head} field=${field} /></span>
    </label>
    ${hintOf(field) && !problem && html`<small>${hintOf(field)}</small>`}
    <${Complaint} text=${problem} />
  </div>`;
}
