/* images.js: how the images of the open case are looked at: which, how large, turned how, side by side.
 *
 * Pure view: these signals belong to the case on the screen and are reset with it. Every image that
 * has been on the screen counts as seen; the confirm sheet says when one has not.
 */
import { signal } from "@preact/signals";

const ZOOM_STEP = 1.25;
const ZOOM_MAX = 8;

/** Whether two images are shown side by side. */
export const side = signal(false);
/** Which of the two panes keys and buttons act on. */
export const active = signal(0);
/** Per pane: the image's index, zoom, turn in degrees, and shift in pixels. */
export const panes = signal(fresh());
/** How many images there are. */
export const count = signal(0);
/** Digests of images that have been looked at. */
export const seen = signal(new Set());

function fresh() {
  return [
    { index: 0, zoom: 1, turn: 0, x: 0, y: 0 },
    { index: 1, zoom: 1, turn: 0, x: 0, y: 0 },
  ];
}

/** Begin anew, for another case. */
export function reset() {
  side.value = false;
  active.value = 0;
  panes.value = fresh();
  seen.value = new Set();
}

/** The image with this digest is on the screen. */
export function looked(digest) {
  if (!seen.value.has(digest)) seen.value = new Set([...seen.value, digest]);
}

function change(part) {
  panes.value = panes.value.map((pane, at) => (at === active.value ? { ...pane, ...part(pane) } : pane));
}

/** Show the image with this index in the active pane. */
export function choose(index) {
  if (index < count.value) change(() => ({ index, zoom: 1, turn: 0, x: 0, y: 0 }));
}

/** Zoom the active pane: 1 in, -1 out, 0 to fit. */
export function zoom(by) {
  if (by === 0) change(() => ({ zoom: 1, x: 0, y: 0 }));
  else change((pane) => ({ zoom: Math.min(Math.max(pane.zoom * ZOOM_STEP ** by, 1), ZOOM_MAX) }));
}

/** Turn the active pane's image by degrees. */
export function rotate(by) {
  change((pane) => ({ turn: pane.turn + by }));
}

/** Move the active pane's image by pixels. */
export function shift(x, y) {
  change((pane) => ({ x: pane.x + x, y: pane.y + y }));
}

/** One image or two side by side. */
export function toggleSide() {
  side.value = !side.value;
  active.value = side.value ? 1 : 0;
}
