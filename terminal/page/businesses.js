/* businesses.js: everything that can be started, in the five groups of a counter, in two columns.
 *
 * A business that this kit or the office cannot do now is shown disabled with the reason, never hidden: a teller
 * has to know that it exists and which part to plug in. A group that this page does not know stands
 * last under its own name.
 */
import { command } from "backpack/connection";
import { t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { productIcon, title } from "./case_list.js";

const GROUPS = {
  account: ["credit-card", "home.account"],
  payment: ["receipt", "home.payment"],
  credit: ["hand-coins", "home.credit"],
  wealth: ["banknote", "home.wealth"],
  customer: ["users", "home.customer"],
};

/** Which groups stand below each other: about as many businesses left as right. */
const COLUMNS = [["account", "payment", "wealth"], ["credit", "customer"]];

export function Businesses({ products }) {
  const unknown = products.map((one) => one.category).filter((category) => !(category in GROUPS));
  const columns = [[...COLUMNS[0], ...new Set(unknown)], COLUMNS[1]];
  return html`<section class="businesses" aria-label=${t("side.businesses")}>
    ${columns.map(
      (groups, index) => html`<div key=${index}>
        ${groups.map((category) => {
          const offered = products.filter((one) => one.category === category);
          return offered.length > 0 && html`<${Group} key=${category} category=${category} products=${offered} />`;
        })}
      </div>`,
    )}
  </section>`;
}

function Group({ category, products }) {
  const [icon, word] = GROUPS[category] ?? ["file-text", ""];
  return html`<section class="card group">
    <h2><${Icon} name=${icon} />${word ? t(word) : category}</h2>
    <div>${products.map((product) => html`<${Business} key=${product.code} product=${product} />`)}</div>
  </section>`;
}

function Business({ product }) {
  const missing = product.closed || missingText(product);
  return html`<${Button}
    class="business"
    icon=${productIcon(product.code)}
    disabled=${missing !== ""}
    onClick=${() => command("new_case", { product: product.code })}
  >
    <span class="business-name">${title(product)}</span>
    ${missing && html`<small class="business-missing"><${Icon} name="circle-alert" />${missing}</small>`}
  <//>`;
}

/** What this kit lacks for a product, in words; empty when nothing. */
export function missingText(product) {
  if (product.missing.length === 0) return "";
  const what = product.missing.map((one) => t(`device.long.${one}`)).join(t("list.and"));
  return t("side.missing", { what });
}
