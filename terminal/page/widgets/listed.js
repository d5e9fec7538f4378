/* listed.js: one of what the office lists for this customer: asked for, then chosen.
 *
 * A list counts only for the answers it was asked with; when one of them changes, the agent drops it
 * and the teller asks again.
 */
import { money, t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { capture } from "../capture.js";
import { title } from "../case_list.js";
import { Complaint, Head, TakeBack, hintOf } from "./parts.js";

export function ListPicker({ open, item, problem }) {
  const { field, view, state } = item;
  const { items: list } = view;
  const ask = () => capture(open, "ask_list", field.name);
  const hint = hintOf(field);
  return html`<section class=${`listed wide from-kit-${state}`} id=${`field-${field.name}`} aria-label=${title(field)}>
    <header>
      <div>
        <h3><${Head} field=${field} /></h3>
        ${list === null && view.shown
          ? html`<p class="listed-kept"><${Icon} name="circle-check" />${view.shown}</p>`
          : hint && html`<small>${hint}</small>`}
      </div>
      <${TakeBack} open=${open} item=${item} />
      <${Button} kind=${list === null && !view.shown ? "primary" : "plain"} icon=${list === null ? "search" : "refresh-cw"} onClick=${ask}>
        ${t(list === null ? "form.ask_list" : "form.ask_again")}
      <//>
    </header>
    <${Complaint} text=${problem} />
    ${list !== null &&
    list.items.length === 0 &&
    html`<p class="listed-none"><${Icon} name="info" />${list.note || t("form.nothing_listed")}</p>`}
    ${list !== null &&
    list.items.length > 0 &&
    html`<div class="listed-items">
      ${list.items.map(
        (one) => html`<label key=${one.code} class="option listed-item">
          <input
            type="radio"
            name=${field.name}
            checked=${list.chosen === one.code}
            onChange=${() => capture(open, "choose_item", field.name, { code: one.code })}
          />
          <span class="listed-words">
            <strong>${title(one)}</strong>
            ${one.lines.map((line, index) => html`<small key=${index}>${title(line)}${t("list.colon")}${line.value}</small>`)}
          </span>
          ${one.fen > 0 && html`<span class="listed-fen">${money(one.fen)}</span>`}
        </label>`,
      )}
    </div>`}
  </section>`;
}
