/* suggestions.js: what the office would offer the customer at the table, and why; three at most.
 *
 * How to use it:
 *   html`<${ForLater} terminal=${terminal} />`   // while a case is worked on: a press notes it for afterwards
 *   html`<${AndNow} terminal=${terminal} />`     // when the case is done: a press starts the new one
 *
 * Nothing at all is shown without an offer. A business that this kit cannot do stays readable, with
 * the part that is missing, but cannot be pressed. What was noted is on the glass only.
 */
import { signal } from "@preact/signals";
import { command } from "backpack/connection";
import { t } from "backpack/i18n";
import { Badge, Button, Icon, html } from "backpack/ui";
import { missingText } from "./businesses.js";
import { productIcon, title } from "./case_list.js";

/** The business that was noted, and during which case. */
const noted = signal({ caseId: "", product: "" });

export function ForLater({ terminal }) {
  const caseId = terminal.open.case_id;
  const chosen = notedFor(terminal.open);
  const toggle = (product) => {
    noted.value = { caseId, product: product === chosen ? "" : product };
  };
  return html`<${Offers} terminal=${terminal} note=${t("offer.later_note")} chosen=${chosen} onPick=${toggle} />`;
}

export function AndNow({ terminal }) {
  const start = (product) => command("new_case", { product });
  return html`<${Offers} terminal=${terminal} note=${t("offer.now_note")} chosen=${notedFor(terminal.open)} onPick=${start} />`;
}

function notedFor(open) {
  return noted.value.caseId === open.case_id ? noted.value.product : "";
}

function Offers({ terminal, note, chosen, onPick }) {
  const { open, products } = terminal;
  const known = new Map(products.map((one) => [one.code, one]));
  const offers = open.offers.filter((one) => known.has(one.product));
  if (offers.length === 0) return null;
  const tier = title({ title_zh: open.tier_zh, title_en: open.tier_en });
  return html`<section class="offers" aria-label=${t("offer.title")}>
    <header>
      <h3><${Icon} name="hand-coins" />${t("offer.title")}</h3>
      ${tier && html`<${Badge} state="info" icon="user">${tier}<//>`}
      <small>${note}</small>
    </header>
    <div>
      ${offers.map(
        (one) => html`<${Offer}
          key=${one.product}
          offer=${one}
          missing=${missingText(known.get(one.product))}
          chosen=${one.product === chosen}
          onPick=${() => onPick(one.product)}
        />`,
      )}
    </div>
  </section>`;
}

function Offer({ offer, missing, chosen, onPick }) {
  const reason = title({ title_zh: offer.reason_zh, title_en: offer.reason_en });
  return html`<${Button}
    class="offer"
    icon=${chosen ? "circle-check" : productIcon(offer.product)}
    disabled=${missing !== ""}
    aria-pressed=${chosen ? "true" : null}
    onClick=${onPick}
  >
    <strong>${title(offer)}</strong>
    <small>${reason}</small>
    ${missing && html`<small class="business-missing"><${Icon} name="circle-alert" />${missing}</small>`}
  <//>`;
}
