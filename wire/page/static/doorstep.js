/* doorstep.js: what a window shows that has nothing to show yet, or is not let in.
 *
 * How to use it:
 *   import { Doorstep } from "/shared/doorstep.js";
 *   if (state.value === null) return html`<${Doorstep} title="柜员终端" />`;
 *
 * Whoever stands here needs to know how to get in, and that what is open elsewhere goes on.
 */
import { link, refusedFor } from "backpack/connection";
import { defineTexts, t } from "backpack/i18n";
import { Icon, LangButton, ThemeButton, html } from "backpack/ui";

defineTexts({
  "doorstep.no_link": ["此窗口尚未打开", "This window is not let in yet"],
  "doorstep.used_link": ["此链接已用过或已过期", "This link was used before or is too old"],
  "doorstep.ended": ["此窗口已关闭", "This window was closed"],
  "doorstep.why_no_link": [
    "每个窗口都要用链接打开一次，别人才无法借用您的页面。",
    "Every window is opened with a link once, so that nobody else can borrow your page.",
  ],
  "doorstep.why_used_link": [
    "每个链接只能打开一个窗口，一分钟内有效。",
    "A link opens one window and is good for one minute.",
  ],
  "doorstep.why_ended": [
    "程序重新启动过，或者有人在另一个窗口退出了登录。",
    "The program was started again, or somebody signed out in another window.",
  ],
  "doorstep.how": [
    "请在本机运行下面的命令，然后打开它给出的链接：",
    "Run this command on this machine, then open the link that it prints:",
  ],
  "doorstep.folder": ["数据目录", "FOLDER"],
  "doorstep.training": [
    "培训演示：重新点开启动时打印的地址即可。",
    "In the demo: open the address that it printed at its start again.",
  ],
  "doorstep.elsewhere": [
    "已在其他窗口打开的页面照常工作，办理中的业务不会丢失。",
    "What is open in other windows goes on, and no case is lost.",
  ],
});

export function Doorstep({ title }) {
  if (link.value !== "refused") {
    return html`<div class="doorstep"><${Icon} name="loader-circle" size="large turning" /><p>${t(`link.${link.value}`)}</p></div>`;
  }
  const why = refusedFor.value;
  return html`<div class="doorstep">
    <section class="card stack" role="alert">
      <div class="row">
        <img src="/shared/favicon.svg" alt="" width="40" height="40" />
        <strong>${title}</strong>
        <span class="spread"></span><${LangButton} /><${ThemeButton} />
      </div>
      <h1><${Icon} name="lock" /> ${t(`doorstep.${why}`)}</h1>
      <p>${t(`doorstep.why_${why}`)}</p>
      <p>${t("doorstep.how")}</p>
      <code>backpack open --data ${t("doorstep.folder")}</code>
      <p>${t("doorstep.training")}</p>
      <p class="doorstep-note"><${Icon} name="info" />${t("doorstep.elsewhere")}</p>
    </section>
  </div>`;
}
