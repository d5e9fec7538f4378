/* capture.js: asking the agent to capture one field, and what it said when it refused.
 *
 * How to use it:
 *   import { capture, cancelEntry, deed, itemsOf, ofStep, problemText } from "./capture.js";
 *   await deed(open, "submit")                 // a command about the case on the glass, by its id
 *   itemsOf(open)                              // every form field with its view and how it stands
 *   owedItems(open)                            // the same of the photos that the case owes
 *   await capture(open, "read_id", "id_card")  // a refusal is kept beside its field, not thrown
 *   problemText(open, item)                    // what to write under the field, or ""
 *
 * A field that is merely still empty is "missing", not wrong: red is for what was refused.
 */
import { signal } from "@preact/signals";
import { command } from "backpack/connection";
import { refusalText } from "backpack/i18n";

/** How long the page waits for a peripheral, a long recording included: longer than the agent's own bound, in milliseconds. */
const PERIPHERAL_MS_MAX = 200_000;

/** The steps in which a case is captured; each field belongs to one. */
export const CAPTURE_STEPS = ["identify", "photos", "form", "submit"];

const STEP_OF_KIND = { id_card: "identify", photo: "photos" };

/** What the kit is asked for; it does one thing at a time. */
const KIT_DEEDS = ["read_id", "take_photo", "read_card", "enter_pin", "record"];

/** Something was asked of the kit and is not answered: it is busy before the agent's word that it is
 * arrives, or a quick hand's second press would be refused. */
const asked = signal(false);

const refusals = signal({});
let stopped = false;

/** What a field is where the form does not say otherwise; tests/browser/test_words.py holds it to
 * wire/form.py, whose fields travel without what is usual. */
const USUAL = {
  required: true,
  when: null,
  options: [],
  chars_max: 100,
  pattern: "",
  fen_min: 1,
  fen_max: 0,
  number_min: 0,
  number_max: 0,
  decimals: 0,
  unit_zh: "",
  unit_en: "",
  depends: [],
  columns: [],
  rows_max: 0,
  proven: false,
  proof_optional: false,
  seconds_min: 0,
  deferrable: false,
  evidence: "",
  hint_zh: "",
  hint_en: "",
};

/** A field of a form, or a column of its tables, with nothing left unsaid. */
function whole(field) {
  const said = { ...USUAL, ...field };
  return { ...said, columns: said.columns.map(whole) };
}

/** Every field that is asked now, in the form's order: {field, view, step, state}, state one of
 * "done", "missing", "optional", "later", "wrong". */
export function itemsOf(open) {
  return itemsWith(open, open.fields);
}

/** The photos that an approved case owes, as they have been taken so far. */
export function owedItems(open) {
  return itemsWith(open, open.rescan);
}

function itemsWith(open, views) {
  const fields = new Map(open.form.fields.map((sent) => [sent.name, whole(sent)]));
  return views.map((view) => {
    const field = fields.get(view.name);
    return { field, view, step: STEP_OF_KIND[field.kind] ?? "form", state: standing(field, view) };
  });
}

function standing(field, view) {
  if (view.follows) return "later";
  const empty = view.shown === "" && view.digest === "";
  if (view.problem === null) return empty ? "optional" : "done";
  const unproven = field.proven && !view.proven && view.problem.code === "E_EVIDENCE";
  return (empty && field.required) || unproven ? "missing" : "wrong";
}

/** The items that keep a step from being complete. */
export function lacking(items) {
  return items.filter((item) => item.state === "missing" || item.state === "wrong");
}

/** The items of one step. */
export function ofStep(items, step) {
  return step === "submit" ? items : items.filter((item) => item.step === step);
}

/** Why a field is not accepted, in words; empty when there is nothing to complain about. */
export function problemText(open, item) {
  const refused = refusals.value[key(open, item.field.name)];
  if (refused) return refusalText(refused);
  return item.state === "wrong" ? refusalText(item.view.problem) : "";
}

/** Ask for something about the case that is shown here, whatever another window opens meanwhile. */
export function deed(open, name, args = {}, options = {}) {
  return command(name, { case_id: open.case_id, ...args }, options);
}

/** Put the case away: the next customer. */
export function leave(open) {
  return deed(open, "leave_case");
}

/** Send a capturing command for a field. What the agent refuses about the field is kept beside it.
 *
 * Rejects with whatever is not about the field (no link, no answer), for a toast.
 */
export async function capture(open, name, field, args = {}) {
  stopped = false;
  setRefusal(open, field, null);
  const ofKit = KIT_DEEDS.includes(name);
  asked.value = asked.value || ofKit;
  try {
    await deed(open, name, { field, ...args }, { within: PERIPHERAL_MS_MAX });
  } catch (error) {
    if (!error.refusal) throw error;
    if (!stopped) setRefusal(open, field, error.refusal);
  } finally {
    if (ofKit) asked.value = false;
  }
}

/** What the kit is at, as far as this page knows; null when it may be asked. */
export function kitBusy(terminal) {
  const { busy, open } = terminal;
  if (busy !== null && busy.case_id !== open.case_id) return { what: "elsewhere", field: "" };
  return busy ?? (asked.value ? { what: "", field: "" } : null);
}

/** Stop the peripheral at work; that it ended early is then no complaint. */
export async function cancelEntry(open) {
  stopped = true;
  await deed(open, "cancel_entry");
}

function setRefusal(open, field, refusal) {
  const { [key(open, field)]: _gone, ...others } = refusals.value;
  refusals.value = refusal === null ? others : { ...others, [key(open, field)]: refusal };
}

function key(open, field) {
  return `${open.case_id}/${field}`;
}
