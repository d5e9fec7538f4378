/* case_words.js: the words and tones of a case's states, the same on every page.
 *
 * How to use it:
 *   import { StateBadge, stateWord, StateTrail } from "/shared/case_words.js";
 *   html`<${StateBadge} state=${row.state} />`        // colour, icon and word of a wire.case_state.State
 *   html`<${StateTrail} steps=${open.steps} />`       // every state passed, oldest first, with its time
 *   stateWord("AUTH_QUEUED")                          // 待授权
 *
 * The words repeat wire/case_state.py, which a browser cannot import; tests/browser/test_words.py
 * holds the two together. A state that this page does not know shows as its own code.
 */
import { defineTexts, t, timeOfDay } from "backpack/i18n";
import { Badge, Icon, html } from "backpack/ui";

const STATES = {
  DRAFT: ["草稿", "Draft", "idle", "file-pen-line"],
  IDENTIFIED: ["已核身", "Identified", "info", "id-card"],
  CAPTURED: ["采集完成", "Captured", "info", "clipboard-check"],
  SUBMITTED: ["已提交", "Submitted", "info", "send"],
  AUTO_PASSED: ["系统通过", "Passed by rules", "good", "shield-check"],
  AUTH_QUEUED: ["待授权", "Waiting for authorization", "wait", "clock"],
  AUTH_CLAIMED: ["授权审核中", "Being reviewed", "wait", "eye"],
  AUTH_APPROVED: ["授权通过", "Approved", "good", "shield-check"],
  AUTH_RETURNED: ["退回补正", "Returned for correction", "bad", "undo-2"],
  AUTH_REJECTED: ["授权未通过", "Not authorized", "idle", "minus"],
  STORED: ["已登记", "Stored", "good", "clipboard-check"],
  PREPARING: ["业务系统处理中", "Being prepared", "info", "landmark"],
  PREPARE_UNKNOWN: ["处理结果查询中", "Asking for the outcome", "wait", "refresh-cw"],
  PREPARED: ["待客户确认", "Ready to sign", "wait", "pen-line"],
  SLIP_SHOWN: ["客户阅读确认单", "Slip shown", "wait", "receipt"],
  SIGNED: ["客户已签字", "Signed", "info", "pen-line"],
  COMMITTING: ["业务系统确认中", "Being committed", "info", "landmark"],
  COMMIT_UNKNOWN: ["确认结果查询中", "Asking for the outcome", "wait", "refresh-cw"],
  COMMITTED: ["办理成功", "Committed", "good", "circle-check"],
  DELIVERED: ["已交付客户", "Handed over", "good", "package-check"],
  CLOSED: ["已办结", "Closed", "good", "circle-check"],
  ABORTING: ["撤销中", "Being undone", "wait", "undo-2"],
  ABORTED: ["已撤销", "Undone", "idle", "undo-2"],
  CANCELLED: ["已取消", "Cancelled", "idle", "x"],
  EXPIRED: ["已过期", "Expired", "idle", "timer"],
  DECLINED: ["业务系统拒绝", "Declined", "bad", "circle-x"],
  MANUAL: ["转人工处理", "Needs a person", "wait", "user"],
};

defineTexts(
  Object.fromEntries(Object.entries(STATES).map(([state, [zh, en]]) => [`case.${state}`, [zh, en]])),
);

/** The word of a state in the language of the page. */
export function stateWord(state) {
  return state in STATES ? t(`case.${state}`) : state;
}

/** "good", "wait", "bad", "info" or "idle": how a state feels. */
export function stateTone(state) {
  return STATES[state]?.[2] ?? "idle";
}

/** The lucide name of a state's icon. */
export function stateIcon(state) {
  return STATES[state]?.[3] ?? "info";
}

/** A case's state as colour, icon and word. */
export function StateBadge({ state }) {
  return html`<${Badge} state=${stateTone(state)} icon=${stateIcon(state)}>${stateWord(state)}<//>`;
}

/** Every state that a case has passed, oldest first, with the time it was reached. */
export function StateTrail({ steps }) {
  return html`<ol class="trail">
    ${steps.map(
      (step, index) => html`<li key=${index} aria-current=${index === steps.length - 1 ? "step" : null}>
        <span class=${`trail-mark ${stateTone(step.state)}`}><${Icon} name=${stateIcon(step.state)} /></span>
        <span class="trail-word">${stateWord(step.state)}</span>
        <time>${timeOfDay(step.at_ms)}</time>
      </li>`,
    )}
  </ol>`;
}
