/* main.js: the authorizer's page: sign-in first, then queue, images and elements side by side.
 *
 * A manager has a second view, the figures (figures/), in which no key acts on a case.
 *
 * The page draws `DeskState` (backoffice/desk/page_model.py) and sends commands; the agent signs. It
 * adds only what is on the glass: the selected row, the filter, zoom and rotation, the open sheet.
 * Keys open things and never decide: a decision takes a passcode and Enter in its sheet.
 */
import "./texts.js";
import { useLayoutEffect } from "preact/hooks";
import { command, connect, link, state } from "backpack/connection";
import { t } from "backpack/i18n";
import { Badge, Button, Icon, LangButton, ThemeButton, Toasts, html, mount } from "backpack/ui";
import { Doorstep } from "/shared/doorstep.js";
import { SignIn } from "/shared/sign_in.js";
import { DecideBar, deciding } from "./decide.js";
import { Elements } from "./elements.js";
import { File, NoFile } from "./file.js";
import { FiguresPage } from "./figures/figures.js";
import { ViewTabs, view } from "./figures/view.js";
import { Help, help, onKey } from "./keys.js";
import { Queue, tab } from "./queue.js";
import { NoReview, Review } from "./review.js";

const LINKS = { online: ["good", "wifi"], connecting: ["info", "refresh-cw"], offline: ["bad", "wifi-off"] };

function App() {
  const desk = state.value;
  if (desk === null) {
    return html`<${Doorstep} title=${t("desk.title")} />`;
  }
  if (desk.staff === null) {
    return html`<${SignIn} title=${t("desk.title")} device=${desk.device} ready=${desk.link === "online"} />`;
  }
  return html`<${Desk} desk=${desk} />`;
}

function Desk({ desk }) {
  const live = link.value === "online" && desk.link === "online";
  const caseId = desk.file?.item.case_id ?? "";
  const working = view.value === "work";
  useLayoutEffect(() => {
    if (!working) return undefined;
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [working]);
  useLayoutEffect(() => {
    deciding.value = null;
  }, [caseId, working]);
  return html`<div class="desk">
    <${TopBar} desk=${desk} live=${live} />
    ${!live && html`<${Cut} />`}
    ${working ? html`<${Work} desk=${desk} caseId=${caseId} live=${live} />` : html`<${FiguresPage} desk=${desk} live=${live} />`}
    <${Help} />
  </div>`;
}

function Work({ desk, caseId, live }) {
  const reviewing = tab.value === "reviews";
  return html`<div class="panes">
    <${Queue} desk=${desk} live=${live} />
    ${reviewing ? html`<${Reviewing} reviews=${desk.reviews} live=${live} />` : html`<${Deciding} file=${desk.file} caseId=${caseId} live=${live} />`}
  </div>`;
}

function Deciding({ file, caseId, live }) {
  if (file === null) return html`<${NoFile} />`;
  return html`<section class="file">
    <${File} key=${caseId} file=${file} live=${live} />
    <${Elements} file=${file} />
    <${DecideBar} file=${file} live=${live} />
  </section>`;
}

function Reviewing({ reviews, live }) {
  const file = reviews?.file ?? null;
  return file === null ? html`<${NoReview} />` : html`<${Review} key=${file.item.case_id} file=${file} live=${live} />`;
}

function TopBar({ desk, live }) {
  const shown = live ? "online" : link.value === "online" ? desk.link : "offline";
  const [tone, icon] = LINKS[shown];
  return html`<header class="top">
    <img src="/shared/favicon.svg" alt="" width="28" height="28" />
    <strong>${t("desk.title")}</strong>
    <small>${desk.staff.name} · ${desk.staff.staff_id} · ${desk.staff.outlet}</small>
    <${ViewTabs} staff=${desk.staff} />
    <span class="spread"></span>
    <${Badge} state=${tone} icon=${icon}>${t(`link.word.${shown}`)}<//>
    <${Button} kind="quiet" icon="keyboard" onClick=${() => { help.value = true; }}>${t("desk.help")} <kbd>?</kbd><//>
    <${LangButton} /><${ThemeButton} />
    <${Button} kind="quiet" icon="user" onClick=${() => command("sign_out")}>${t("desk.sign_out")}<//>
  </header>`;
}

function Cut() {
  return html`<p class="cut bad" role="alert">
    <${Icon} name="wifi-off" />
    <strong>${t("desk.cut")}</strong>
    <span>${t("desk.cut_note")}</span>
  </p>`;
}

mount(html`<${App} /><${Toasts} />`);
connect();
