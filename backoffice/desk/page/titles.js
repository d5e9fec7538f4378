/* titles.js: what came from the program in both languages, in the page's.
 */
import { pick } from "backpack/i18n";

export function title(of) {
  return pick({ zh: of.title_zh, en: of.title_en });
}
