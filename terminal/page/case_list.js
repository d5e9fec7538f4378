/* case_list.js: the left side: today's cases with a search; and how a business is named and drawn.
 */
import { useEffect, useState } from "preact/hooks";
import { command } from "backpack/connection";
import { hourMinute, pick, t } from "backpack/i18n";
import { Button, Icon, html } from "backpack/ui";
import { StateBadge, stateWord } from "/shared/case_words.js";
import { OwedBadge } from "./owed_badge.js";

const PRODUCT_ICONS = {
  debit_card: "credit-card",
  card_activation: "shield-check",
  service_sign_up: "list-checks",
  securities_account: "landmark",
  bill_payment: "receipt",
  farmer_file: "wheat",
  file_supplement: "file-pen-line",
  pre_rating: "clipboard-check",
  loan_query: "search",
  loan_visit: "house",
  post_loan_check: "history",
  contract_signing: "pen-line",
  credit_card_application: "credit-card",
  risk_assessment: "chart-column",
  wealth_consult: "info",
  wealth_purchase: "banknote",
  customer_survey: "message-square",
  information_collection: "id-card",
  product_promotion: "send",
};
const WAITING_ICONS = { teller: "user", link: "wifi-off", office: "clock", customer: "pen-line", nothing: "check" };

/** What a product is drawn with; anything new gets a plain document. */
export function productIcon(code) {
  return PRODUCT_ICONS[code] ?? "file-text";
}

/** A title that came from the program in both languages. */
export function title(of) {
  return pick({ zh: of.title_zh, en: of.title_en });
}

export function CaseList({ cases, openId }) {
  const [query, setQuery] = useState("");
  const wanted = query.trim().toLowerCase();
  const known = useKnown(wanted);
  const found = cases.filter((row) => words(row).includes(wanted) || known.includes(row.case_id));
  return html`<section class="cases" aria-label=${t("side.cases")}>
    ${openId && html`<${Button} kind="primary" class="start" icon="plus" onClick=${() => command("leave_case", { case_id: openId })}>${t("side.new")}<//>`}
    <div class="cases-head">
      <h2>${t("side.cases")}</h2>
      <span class="count">${cases.length}</span>
    </div>
    <label class="search">
      <${Icon} name="search" />
      <input
        type="search"
        value=${query}
        placeholder=${t("side.search")}
        aria-label=${t("side.search")}
        onInput=${(event) => setQuery(event.target.value)}
      />
    </label>
    ${found.length === 0 &&
    html`<p class="cases-none">${wanted ? t("side.no_match", { q: query.trim() }) : t("side.no_cases")}</p>`}
    <ul>
      ${found.map((row) => html`<li key=${row.case_id}><${CaseLine} row=${row} open=${row.case_id === openId} /></li>`)}
    </ul>
  </section>`;
}

const ASK_AFTER_MS = 250;
const NOBODY = [];

/** The cases of a customer of this full name or number, which only the agent knows: their ids. */
function useKnown(wanted) {
  const [known, setKnown] = useState(NOBODY);
  useEffect(() => {
    setKnown(NOBODY);
    if (wanted.length < 2) return undefined;
    let current = true;
    const ask = async () => {
      const ids = await command("find_cases", { text: wanted }).catch(() => NOBODY); // the list itself still filters
      if (current) setKnown(ids ?? NOBODY);
    };
    const timer = setTimeout(ask, ASK_AFTER_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [wanted]);
  return known;
}

function words(row) {
  return [row.title_zh, row.title_en, row.customer, stateWord(row.state), row.case_id].join(" ").toLowerCase();
}

/** One case as a button that opens it. */
export function CaseLine({ row, open = false }) {
  return html`<${Button}
    class=${`case-line ${row.waiting === "teller" || row.waiting === "customer" ? "case-line-mine" : ""}`}
    aria-current=${open ? "true" : null}
    onClick=${() => command("show_case", { case_id: row.case_id })}
  >
    <span class="case-top"><strong>${title(row)}</strong><time>${hourMinute(row.changed_ms)}</time></span>
    <span class="case-customer">${row.customer || t("side.no_customer")}</span>
    <span class="case-foot">
      <${StateBadge} state=${row.state} />
      <span class="case-waiting"><${Icon} name=${WAITING_ICONS[row.waiting]} />${t(`waiting.${row.waiting}`)}</span>
    </span>
    ${row.owed && html`<${OwedBadge} owed=${row.owed} />`}
    ${row.problem && html`<span class="case-problem"><${Icon} name="triangle-alert" />${row.problem}</span>`}
  <//>`;
}
