/* main.js: the teller's page: sign-in first, then the workbench; draws `TerminalState` and nothing else.
 *
 * The page holds no truth. What is captured, queued or decided is in the terminal's agent and comes
 * as one whole state (terminal/page_model.py); the page adds only what is on the glass right now:
 * which step is being looked at, what is being typed, the strokes of a signature.
 *
 * While the customer reads and signs, the side panel with other customers' cases is put away.
 */
import "./texts.js";
import { connect, link, state } from "backpack/connection";
import { t } from "backpack/i18n";
import { Toasts, html, mount } from "backpack/ui";
import { Doorstep } from "/shared/doorstep.js";
import { SignIn } from "/shared/sign_in.js";
import { CaseList } from "./case_list.js";
import { Home } from "./home.js";
import { Banners, SigningLine, TopBar } from "./top_bar.js";
import { Work } from "./work.js";

function App() {
  const terminal = state.value;
  if (terminal === null) {
    return html`<${Doorstep} title=${t("teller.title")} />`;
  }
  if (terminal.staff === null) {
    return html`<${SignIn}
      title=${t("teller.title")}
      device=${terminal.device}
      place=${terminal.outlet}
      ready=${terminal.link === "online"}
    />`;
  }
  return html`<${Bench} terminal=${terminal} />`;
}

function Bench({ terminal }) {
  const customerReads = terminal.open?.stage === "sign";
  return html`<div class=${`bench ${customerReads ? "customer" : ""}`}>
    <${TopBar} terminal=${terminal} />
    ${customerReads ? html`<${SigningLine} terminal=${terminal} />` : html`<${Banners} terminal=${terminal} />`}
    <div class="bench-body" inert=${link.value !== "online" && !customerReads}>
      ${!customerReads &&
      html`<aside class="side">
        <${CaseList} cases=${terminal.cases} openId=${terminal.open?.case_id ?? ""} />
      </aside>`}
      ${terminal.open === null
        ? html`<${Home} terminal=${terminal} />`
        : html`<${Work} key=${terminal.open.case_id} terminal=${terminal} />`}
    </div>
  </div>`;
}

mount(html`<${App} /><${Toasts} />`);
connect();
