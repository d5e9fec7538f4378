/* home.js: the middle of the screen while no case is open: what can be started, how the day stands, and
 * what waits for the teller.
 */
import { t } from "backpack/i18n";
import { Icon, html } from "backpack/ui";
import { Businesses } from "./businesses.js";
import { CaseLine } from "./case_list.js";
import { Overdue } from "./rescan.js";

const SUCCESSES = ["COMMITTED", "DELIVERED", "CLOSED"];

export function Home({ terminal }) {
  const count = (...waiting) => terminal.cases.filter((row) => waiting.includes(row.waiting)).length;
  const done = terminal.cases.filter((row) => SUCCESSES.includes(row.state) && row.waiting === "nothing").length;
  const mine = terminal.cases.filter((row) => row.waiting === "teller" || row.waiting === "customer");
  return html`<section class="home">
    <header class="home-head">
      <div>
        <h1>${t("home.hello", { name: terminal.staff.name })}</h1>
        <p>${t("home.choose")}</p>
      </div>
      <div class="figures">
        <${Figure} icon="user" value=${count("teller", "customer")} word=${t("home.mine")} />
        <${Figure} icon="clock" value=${count("office", "link")} word=${t("home.waiting")} />
        <${Figure} icon="circle-check" value=${done} word=${t("home.done")} />
      </div>
    </header>
    <${Overdue} terminal=${terminal} />
    <${Businesses} products=${terminal.products} />
    <h2>${t("home.attention")}</h2>
    ${mine.length === 0
      ? html`<p class="home-quiet"><${Icon} name="circle-check" />${t("home.quiet")}</p>`
      : html`<div class="home-mine">${mine.map((row) => html`<${CaseLine} key=${row.case_id} row=${row} />`)}</div>`}
  </section>`;
}

function Figure({ icon, value, word }) {
  return html`<div class="figure">
    <${Icon} name=${icon} />
    <strong>${value}</strong>
    <span>${word}</span>
  </div>`;
}
