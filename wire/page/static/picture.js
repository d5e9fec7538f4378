/* picture.js: an image that the program holds, on the page.
 *
 * How to use it:
 *   import { Picture } from "backpack/picture";
 *   html`<${Picture} digest=${view.digest} alt="身份证人像面" />`      // further attributes go to the <img>
 *
 * An <img> by itself could not say whose window it is in, so the image is fetched with the session's
 * token and shown from memory. It is fetched once however often it is shown, again when the link
 * comes back after a failure, and given up when nothing shows it any more.
 */
import { useEffect, useState } from "preact/hooks";
import { fetchImage, link } from "backpack/connection";
import { html } from "backpack/ui";

const kept = new Map(); // digest -> { url, fetching, watchers }

/** Be told the URL of an image as soon as there is one; returns how to stop. */
function watch(digest, told) {
  if (!kept.has(digest)) kept.set(digest, { url: "", fetching: false, watchers: new Set() });
  const image = kept.get(digest);
  image.watchers.add(told);
  told(image.url);
  return () => {
    image.watchers.delete(told);
    if (image.watchers.size > 0) return;
    kept.delete(digest);
    URL.revokeObjectURL(image.url);
  };
}

async function load(digest) {
  const image = kept.get(digest);
  if (image === undefined || image.fetching || image.url !== "") return;
  image.fetching = true;
  const blob = await fetchImage(digest);
  image.fetching = false;
  if (blob === null || image.watchers.size === 0) return;
  image.url = URL.createObjectURL(blob);
  for (const told of image.watchers) told(image.url);
}

export function Picture({ digest, style, ...rest }) {
  const [shown, setShown] = useState({});
  const online = link.value === "online";
  useEffect(() => watch(digest, (url) => setShown({ digest, url })), [digest]);
  useEffect(() => {
    if (online) load(digest);
  }, [digest, online]);
  const url = (shown.digest === digest && shown.url) || null;
  // Without its bytes a browser draws a torn picture; the place is kept, and empty.
  const visibility = url === null ? "hidden" : "visible";
  return html`<img src=${url} style=${{ ...style, visibility }} ...${rest} />`;
}
