/* table.js: rows of a household, its land, its debts: looked at as a table, entered in a sheet.
 *
 * A row is sent as a whole when it is complete enough for the teller; what is wrong in a cell stands
 * at the cell. A row that was taken out can be brought back for some seconds. Masked numbers are shown as they are kept, and stay unless something else is typed.
 */
import { useState } from "preact/hooks";
import { money, refusalText, t } from "backpack/i18n";
import { Button, Dialog, Field, Icon, html, isKey, toastError } from "backpack/ui";
import { capture, deed } from "../capture.js";
import { title } from "../case_list.js";
import { Veiled } from "../veiled.js";
import { Complaint, Head, hintOf } from "./parts.js";

const FEN_PER_YUAN = 100;

export function Table({ open, item, problem }) {
  const { field, view } = item;
  const [editing, setEditing] = useState(null);
  const [ghosts, setGhosts] = useState([]);
  const full = view.rows.length >= field.rows_max;
  const inCells = view.rows.some((row) => Object.keys(row.problems).length > 0);
  const forget = (row) => setGhosts((all) => all.filter((ghost) => ghost.row !== row));
  const remove = async (row, after, number) => {
    setGhosts((all) => [...all, { row, after, number }]);
    setTimeout(() => forget(row), UNDO_MS);
    await capture(open, "remove_row", field.name, { row }).catch(toastError);
  };
  const restore = async (row) => {
    await capture(open, "restore_row", field.name, { row });
    forget(row);
  };
  const lines = withGhosts(view.rows, ghosts);
  return html`<section class=${`rows wide from-kit-${item.state}`} id=${`field-${field.name}`} aria-label=${title(field)}>
    <header>
      <div>
        <h3><${Head} field=${field} /></h3>
        ${hintOf(field) && html`<small>${hintOf(field)}</small>`}
      </div>
      <span class="count">${view.rows.length}</span>
      <${Button} icon="plus" disabled=${full} onClick=${() => setEditing({ row: crypto.randomUUID(), isNew: true })}>${t("form.add_row")}<//>
    </header>
    ${lines.length > 0 &&
    html`<${Rows} open=${open} field=${field} lines=${lines} edit=${(row) => setEditing({ row, isNew: false })} remove=${remove} restore=${restore} />`}
    <${Complaint} text=${inCells ? "" : problem} />
    ${full && html`<small>${t("form.rows_full", { n: field.rows_max })}</small>`}
    ${editing && html`<${RowSheet} key=${editing.row} open=${open} field=${field} rows=${view.rows} ...${editing} onClose=${() => setEditing(null)} />`}
  </section>`;
}

/** How long a row that was taken out can be brought back, in milliseconds. */
const UNDO_MS = 8_000;

/** The rows with those that were just taken out, each in its old place: nothing moves under a finger
 * that presses twice. A ghost stands after the line that it stood after. */
function withGhosts(rows, ghosts) {
  const gone = new Set(ghosts.map((ghost) => ghost.row));
  const lines = rows.filter((row) => !gone.has(row.row)).map((row) => ({ id: row.row, row }));
  const behind = (ghost) => lines.findIndex((line) => line.id === ghost.after);
  let left = ghosts;
  while (left.length > 0) {
    const next = left.find((ghost) => ghost.after === "" || behind(ghost) >= 0) ?? left[0];
    lines.splice(behind(next) + 1, 0, { id: next.row, ghost: next });
    left = left.filter((ghost) => ghost !== next);
  }
  return lines;
}

function Rows({ open, field, lines, edit, remove, restore }) {
  let number = 0;
  return html`<div class="rows-scroll"><table>
    <thead><tr>
      <th scope="col">${t("form.row")}</th>
      ${field.columns.map((column) => html`<th key=${column.name} scope="col">${titleOf(column)}</th>`)}
      <th></th>
    </tr></thead>
    <tbody>
      ${lines.map(({ id, row, ghost }, index) => {
        if (ghost) return html`<${Ghost} key=${id} ghost=${ghost} columns=${field.columns.length} restore=${restore} />`;
        number += 1;
        return html`<${Row} key=${id} open=${open} field=${field} row=${row} number=${number} after=${lines[index - 1]?.id ?? ""} edit=${edit} remove=${remove} />`;
      })}
    </tbody>
  </table></div>`;
}

function Row({ open, field, row, number, after, edit, remove }) {
  return html`<tr>
    <td>${number}</td>
    ${field.columns.map(
      (column) => html`<td key=${column.name}>
        ${column.kind === "id_number" && row.cells[column.name]
          ? html`<${Veiled} open=${open} place=${`form/${field.name}/${row.row}/${column.name}`} text=${row.cells[column.name]} />`
          : cellText(column, row.cells[column.name])}
        ${row.problems[column.name] && html`<${Complaint} text=${refusalText(row.problems[column.name])} />`}
      </td>`,
    )}
    <td class="rows-tools">
      <${Button} kind="quiet" icon="file-pen-line" label=${t("form.edit_row", { n: number })} onClick=${() => edit(row.row)} />
      <${Button} kind="quiet" icon="trash-2" label=${t("form.remove_row", { n: number })} onClick=${() => remove(row.row, after, number)} />
    </td>
  </tr>`;
}

/** Where a row was, with the way to bring it back; nothing is to be pressed where its trash was. */
function Ghost({ ghost, columns, restore }) {
  return html`<tr class="rows-ghost" role="status">
    <td colspan=${columns + 1}>
      <span><${Icon} name="trash-2" />${t("form.row_removed", { n: ghost.number })}</span>
      <${Button} kind="quiet" icon="undo-2" onClick=${() => restore(ghost.row)}>${t("form.undo")}<//>
    </td>
    <td></td>
  </tr>`;
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
  return shown;
}

function RowSheet({ open, field, rows, row, isNew, onClose }) {
  const found = rows.findIndex((one) => one.row === row);
  const number = (found < 0 ? rows.length : found) + 1;
  const [texts, setTexts] = useState({});
  const [refusal, setRefusal] = useState(null);
  const save = async () => {
    setRefusal(null);
    try {
      await deed(open, "set_row", { field: field.name, row, values: texts, new: isNew });
      onClose();
    } catch (error) {
      if (!error.refusal) throw error;
      setRefusal(error.refusal);
    }
  };
  const enter = (event) => {
    if (isKey(event, "Enter")) save().catch(toastError);
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
            shown=${rows[found]?.cells[column.name] ?? ""}
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
