/* elements.js: the right pane: each element as entered, as on the chip, as in the register.
 *
 * Where the sources disagree the row is marked by colour, icon and word, and such rows come first.
 */
import { t } from "backpack/i18n";
import { Badge, Icon, html } from "backpack/ui";
import { StateTrail } from "/shared/case_words.js";
import { title } from "./titles.js";

const RESULTS = {
  differs: ["bad", "circle-x", "compare.differs"],
  same: ["good", "check", "compare.same"],
  single: ["idle", "minus", "compare.single"],
};

export function Elements({ file }) {
  const rows = [...file.compared].sort((one, other) => Number(other.differs) - Number(one.differs));
  const differing = rows.filter((row) => row.differs).length;
  return html`<aside class="elements" aria-label=${t("compare.title")}>
    <header>
      <h2>${t("compare.title")}</h2>
      ${differing > 0
        ? html`<${Badge} state="bad" icon="triangle-alert">${t("compare.count", { n: differing })}<//>`
        : html`<${Badge} state="good" icon="shield-check">${t("compare.none")}<//>`}
    </header>
    <table>
      <thead>
        <tr>
          ${["element", "entered", "chip", "network", "result"].map((name) => html`<th key=${name} scope="col">${t(`compare.${name}`)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`<${Row} key=${row.title_zh} row=${row} />`)}
      </tbody>
    </table>
    <details open>
      <summary>${t("compare.trail")}</summary>
      <${StateTrail} steps=${file.steps} />
    </details>
  </aside>`;
}

function Row({ row }) {
  const sources = [row.entered, row.chip, row.network].filter(Boolean).length;
  const [tone, icon, word] = RESULTS[row.differs ? "differs" : sources > 1 ? "same" : "single"];
  const cell = (text) => html`<td>${text || html`<span class="blank">—</span>`}</td>`;
  return html`<tr class=${row.differs ? "differs" : ""}>
    <th scope="row">${title(row)}</th>
    ${cell(row.entered)} ${cell(row.chip)} ${cell(row.network)}
    <td><span class=${`result result-${tone}`}><${Icon} name=${icon} />${t(word)}</span></td>
  </tr>`;
}
