/* parts.js: what the widgets of a form have in common.
 *
 * How to use it:
 *   import { Complaint, FromKit, Head, TakeBack, hintOf, scaled } from "./parts.js";
 *   html`<${FromKit} item=${item} problem=${problem} icon="mic" text=${…}>…buttons…<//>`
 *   html`<${TakeBack} open=${open} item=${item} />`   // removes an optional answer; nothing when there is none
 *   scaled(1250, 2) -> "12.50"                        // whole units as people write them
 */
import { t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { capture } from "../capture.js";
import { title } from "../case_list.js";

/** The field's helping sentence in the language of the page. */
export function hintOf(field) {
  return title({ title_zh: field.hint_zh, title_en: field.hint_en });
}

/** A whole number of units of 10^-decimals, as text. */
export function scaled(units, decimals) {
  const digits = String(Math.abs(units)).padStart(decimals + 1, "0");
  const sign = units < 0 ? "-" : "";
  return decimals ? `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : sign + digits;
}

/** Why something is not accepted; nothing when there is no complaint. */
export function Complaint({ text }) {
  return text && html`<p class="complaint" role="alert"><${Icon} name="circle-alert" />${text}</p>`;
}

/** The field's title with its mark. */
export function Head({ field }) {
  return html`${title(field)}${field.required && html`<em title=${t("ui.required")}>*</em>`}`;
}

/** Take an optional answer back. */
export function TakeBack({ open, item }) {
  if (item.field.required || !item.view.shown) return null;
  return html`<${Button}
    kind="quiet"
    icon="x"
    label=${t("form.take_back", { what: title(item.field) })}
    onClick=${() => capture(open, "clear_value", item.field.name)}
  />`;
}

/** What somebody other than the teller's fingers gives: a title, how it stands, and one press. */
export function FromKit({ open, item, problem, icon, text, children }) {
  const { field, state } = item;
  return html`<section class=${`from-kit from-kit-${state}`} id=${`field-${field.name}`} aria-label=${title(field)}>
    <span class="from-kit-icon"><${Icon} name=${state === "done" ? "circle-check" : icon} /></span>
    <div>
      <h3><${Head} field=${field} /></h3>
      <p>${text}</p>
      <${Complaint} text=${problem} />
    </div>
    ${children}
    ${open && html`<${TakeBack} open=${open} item=${item} />`}
  </section>`;
}
