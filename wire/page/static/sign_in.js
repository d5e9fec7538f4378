/* sign_in.js: the view in which a member of staff signs in, the same for teller and authorizer.
 *
 * How to use it:
 *   import { SignIn } from "/shared/sign_in.js";
 *   html`<${SignIn} title="柜员终端" device=${state.value.device} place="马街分社" ready=${online} />`
 *
 * The passcode goes to the program in one `sign_in` command and is forgotten here, whatever the
 * answer is. `ready` false (no link to the office) disables the button and says why.
 */
import { useState } from "preact/hooks";
import { command, link } from "backpack/connection";
import { defineTexts, errorText, t } from "backpack/i18n";
import { Button, Field, Icon, LangButton, LinkBadge, ThemeButton, html } from "backpack/ui";

defineTexts({
  "sign_in.bank": ["背包银行", "Backpack Bank"],
  "sign_in.staff_id": ["员工号", "Staff number"],
  "sign_in.passcode": ["口令", "Passcode"],
  "sign_in.go": ["登录", "Sign in"],
  "sign_in.device": ["本机编号", "This device"],
  "sign_in.no_link": ["登录需要联网，正在等待网络恢复…", "Signing in needs the office; waiting for the link…"],
  "sign_in.private": [
    "口令只用于本次登录，不会保存在本机。",
    "The passcode is used for this sign-in only and is never kept here.",
  ],
});

export function SignIn({ title, device, place = "", ready }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const entered = new FormData(form);
    setBusy(true);
    setProblem("");
    try {
      await command("sign_in", { staff_id: entered.get("staff_id").trim(), passcode: entered.get("passcode") });
    } catch (error) {
      setProblem(errorText(error));
      form.elements.passcode.value = "";
      form.elements.passcode.focus();
    } finally {
      setBusy(false);
    }
  };
  const blocked = !ready || link.value !== "online";
  return html`<div class="sign-in">
    <div class="sign-in-tools"><${LinkBadge} /><${LangButton} /><${ThemeButton} /></div>
    <form class="card sign-in-card" onSubmit=${submit}>
      <div class="sign-in-brand">
        <img src="/shared/favicon.svg" alt="" width="56" height="56" />
        <div><h1>${t("sign_in.bank")}</h1><p>${title}</p></div>
      </div>
      <${Field} label=${t("sign_in.staff_id")} required>
        <input name="staff_id" autocomplete="off" autocapitalize="characters" spellcheck=${false} required maxlength="32" />
      <//>
      <${Field} label=${t("sign_in.passcode")} required error=${problem} hint=${t("sign_in.private")}>
        <input name="passcode" type="password" autocomplete="off" required maxlength="128" />
      <//>
      ${blocked && html`<p class="sign-in-wait wait"><${Icon} name="wifi-off" />${t("sign_in.no_link")}</p>`}
      <${Button} kind="primary" type="submit" icon=${busy ? "loader-circle" : "lock"} disabled=${blocked || busy}>
        ${t("sign_in.go")}
      <//>
      <p class="sign-in-foot">${[place, device && `${t("sign_in.device")} ${device}`].filter(Boolean).join(" · ")}</p>
    </form>
  </div>`;
}
