/* form.js: step 3: one widget per kind of field; it knows kinds, never products.
 */
import { t } from "backpack/i18n";
import { Icon, html } from "backpack/ui";
import { ofStep, problemText } from "./capture.js";
import { Choice, Choices, Confirm } from "./widgets/chosen.js";
import { BankCard, Pin, Recorder } from "./widgets/from_kit.js";
import { Ink } from "./widgets/ink.js";
import { ListPicker } from "./widgets/listed.js";
import { Colleague, PhoneInput } from "./widgets/people.js";
import { Table } from "./widgets/table.js";
import { AmountInput, IdNumberInput, NumberInput, TextInput } from "./widgets/typed.js";

const WIDGETS = {
  text: TextInput,
  phone: PhoneInput,
  amount: AmountInput,
  number: NumberInput,
  id_number: IdNumberInput,
  choice: Choice,
  choices: Choices,
  confirm: Confirm,
  listed: ListPicker,
  table: Table,
  ink: Ink,
  colleague: Colleague,
  recording: Recorder,
  bank_card: BankCard,
  pin: Pin,
  new_pin: Pin,
};

export function FormStep({ terminal, items }) {
  const asked = ofStep(items, "form");
  if (asked.length === 0) return html`<p class="step-none"><${Icon} name="circle-check" />${t("form.none")}</p>`;
  return html`<div class="form">
    ${asked.map((item) => {
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
