/* table.js: rows of a household, its land, its debts: looked at as a table, entered in a sheet.
 *
 * A row is sent as a whole when it is complete enough for the teller; what is wrong in a cell stands
 * at the cell. Masked numbers are shown as they are kept, and stay unless something else is typed.
 */
import { useState } from "preact/hooks";
import { money, refusalText, t } from "backpack/i18n";
import { Button, Dialog, Field, Icon, html, toastError } from "backpack/ui";
import { capture, deed } from "../capture.js";
import { title } from "../case_list.js";
import { Complaint, Head, hintOf } from "./parts.js";

const FEN_PER_YUAN = 100;

export function Table({ open, item, problem }) {
  const { field, view } = item;
  const [editing, setEditing] = useState(0);
  const full = view.rows.length >= field.rows_max;
  const inCells = view.rows.some((row) => Object.keys(row.problems).length > 0);
  const remove = (row) => capture(open, "remove_row", field.name, { row });
  return html`<section class=${`rows wide from-kit-${item.state}`} id=${`field-${field.name}`} aria-label=${title(field)}>
    <header>
      <div>
        <h3><${Head} field=${field} /></h3>
        ${hintOf(field) && html`<small>${hintOf(field)}</small>`}
      </div>
      <span class="count">${view.rows.length}</span>
      <${Button} icon="plus" disabled=${full} onClick=${() => setEditing(view.rows.length + 1)}>${t("form.add_row")}<//>
    </header>
    ${view.rows.length > 0 && html`<${Rows} field=${field} rows=${view.rows} edit=${setEditing} remove=${remove} />`}
    <${Complaint} text=${inCells ? "" : problem} />
    ${full && html`<small>${t("form.rows_full", { n: field.rows_max })}</small>`}
    ${editing > 0 &&
    html`<${RowSheet} key=${editing} open=${open} field=${field} number=${editing} row=${view.rows[editing - 1]} onClose=${() => setEditing(0)} />`}
  </section>`;
}

function Rows({ field, rows, edit, remove }) {
  return html`<div class="rows-scroll"><table>
    <thead><tr>
      <th scope="col">${t("form.row")}</th>
      ${field.columns.map((column) => html`<th key=${column.name} scope="col">${titleOf(column)}</th>`)}
      <th></th>
    </tr></thead>
    <tbody>
      ${rows.map(
        (row, index) => html`<tr key=${index}>
          <td>${index + 1}</td>
          ${field.columns.map(
            (column) => html`<td key=${column.name}>
              ${cellText(column, row.cells[column.name])}
              ${row.problems[column.name] && html`<${Complaint} text=${refusalText(row.problems[column.name])} />`}
            </td>`,
          )}
          <td class="rows-tools">
            <${Button} kind="quiet" icon="file-pen-line" label=${t("form.edit_row", { n: index + 1 })} onClick=${() => edit(index + 1)} />
            <${Button} kind="quiet" icon="trash-2" label=${t("form.remove_row", { n: index + 1 })} onClick=${() => remove(index + 1)} />
          </td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** A column's title with what its numbers count. */
function titleOf(column) {
  const unit = column.kind === "amount" ? t("form.amount_unit") : title({ title_zh: column.unit_zh, title_en: column.unit_en });
  return unit ? t("form.title_unit", { title: title(column), unit }) : title(column);
}

function cellText(column, shown) {
  if (!shown) return html`<span class="none">${t("submit.none")}</span>`;
  if (column.kind === "choice") return title(column.options.find((option) => option.code === shown) ?? { title_zh: shown, title_en: shown });
  if (column.kind === "amount") return money(Math.round(Number(shown) * FEN_PER_YUAN));
  return column.kind === "id_number" ? html`<span class="digits">${shown}</span>` : shown;
}

function RowSheet({ open, field, number, row, onClose }) {
  const [texts, setTexts] = useState({});
  const [refusal, setRefusal] = useState(null);
  const save = async () => {
    setRefusal(null);
    try {
      await deed(open, "set_row", { field: field.name, row: number, values: texts });
      onClose();
    } catch (error) {
      if (!error.refusal) throw error;
      setRefusal(error.refusal);
    }
  };
  const enter = (event) => {
    if (event.key === "Enter") save().catch(toastError);
  };
  const at = (column) => (refusal?.field === `${field.name}.${number}.${column.name}` ? refusalText(refusal) : "");
  const placed = field.columns.some((column) => at(column));
  return html`<${Dialog}
    open
    wide
    title=${t("form.row_of", { title: title(field), n: number })}
    onClose=${onClose}
    actions=${html`<${Button} onClick=${onClose}>${t("ui.cancel")}<//>
      <${Button} kind="primary" icon="check" onClick=${save}>${t("form.save_row")}<//>`}
  >
    <div class="form row-sheet" onKeyDown=${enter}>
      ${field.columns.map(
        (column) => html`<${Field} key=${column.name} label=${titleOf(column)} hint=${hintOf(column)} error=${at(column)} required=${column.required}>
          <${CellInput}
            column=${column}
            shown=${row?.cells[column.name] ?? ""}
            text=${texts[column.name]}
            onText=${(text) => setTexts((before) => ({ ...before, [column.name]: text }))}
          />
        <//>`,
      )}
    </div>
    ${refusal && !placed && html`<${Complaint} text=${refusalText(refusal)} />`}
  <//>`;
}

const MODES = { phone: "tel", amount: "decimal", number: "decimal" };

function CellInput({ column, shown, text, onText }) {
  if (column.kind === "choice") {
    return html`<select name=${column.name} value=${text ?? shown} onChange=${(event) => onText(event.target.value)}>
      <option value="" disabled=${column.required}>${t(column.required ? "form.choose" : "submit.none")}</option>
      ${column.options.map((option) => html`<option key=${option.code} value=${option.code}>${title(option)}</option>`)}
    </select>`;
  }
  const masked = column.kind === "id_number";
  return html`<input
    name=${column.name}
    value=${text ?? (masked ? "" : shown)}
    placeholder=${masked ? shown : ""}
    inputmode=${MODES[column.kind] ?? "text"}
    maxlength=${column.kind === "text" ? column.chars_max : 20}
    autocomplete="off"
    onInput=${(event) => onText(event.target.value)}
  />`;
}
