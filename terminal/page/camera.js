/* camera.js: the tablet's own camera in a sheet: aim in a frame, shoot, look, use or retake.
 *
 * The picture is shrunk to what an authorizer needs before it leaves the page; the agent measures it
 * again and refuses a blurred one. The camera is switched off as soon as the sheet closes.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { upload } from "backpack/connection";
import { errorText, t } from "backpack/i18n";
import { Button, Dialog, Icon, html } from "backpack/ui";
import { capture } from "./capture.js";
import { title } from "./case_list.js";

const SIDE_PX_MAX = 2_048;
const JPEG_QUALITY = 0.85;
const WANTED = { video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } }, audio: false };
const DOCUMENT_EVIDENCE = ["E1", "E8"];

export function CameraSheet({ open, item, onClose }) {
  const video = useRef(null);
  const [ready, setReady] = useState(false);
  const [problem, setProblem] = useState("");
  const [shot, setShot] = useState(null);

  useEffect(() => {
    let stream = null;
    let closed = false;
    const start = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia(WANTED);
        if (closed) stop(stream);
        else video.current.srcObject = stream;
      } catch {
        setProblem(t("photo.no_camera"));
      }
    };
    start();
    return () => {
      closed = true;
      if (stream) stop(stream);
    };
  }, []);
  useEffect(() => () => shot && URL.revokeObjectURL(shot.url), [shot]);

  const shoot = async () => setShot(await picture(video.current));
  const use = async () => {
    try {
      const digest = await upload(shot.blob);
      await capture(open, "use_photo", item.field.name, { digest });
      onClose();
    } catch (error) {
      setProblem(errorText(error));
      setShot(null);
    }
  };
  const actions = shot
    ? html`<${Button} icon="refresh-cw" onClick=${() => setShot(null)}>${t("photo.retake")}<//>
        <${Button} kind="primary" icon="check" onClick=${use}>${t("photo.use")}<//>`
    : html`<${Button} onClick=${onClose}>${t("ui.cancel")}<//>
        <${Button} kind="primary" icon="camera" disabled=${!ready} onClick=${shoot}>${t("photo.shoot")}<//>`;
  const framed = DOCUMENT_EVIDENCE.includes(item.field.evidence);
  return html`<${Dialog} open wide title=${title(item.field)} onClose=${onClose} actions=${actions}>
    ${problem && html`<p class="complaint" role="alert"><${Icon} name="circle-alert" />${problem}</p>`}
    <div class="viewfinder">
      <video ref=${video} hidden=${shot !== null} autoplay playsinline muted onPlaying=${() => setReady(true)}></video>
      ${shot && html`<img src=${shot.url} alt=${title(item.field)} />`}
      ${!shot && framed && html`<span class="viewfinder-frame"></span>`}
    </div>
    <p class="hint">
      ${shot
        ? html`<${Icon} name="image" />${t("photo.size", { width: shot.width, height: shot.height, kb: Math.round(shot.blob.size / 1024) })}`
        : html`<${Icon} name="scan-line" />${t(framed ? "photo.frame" : "photo.frame_free")}`}
    </p>
  <//>`;
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** The present frame as a JPEG, at most SIDE_PX_MAX on its long side. */
function picture(video) {
  const scale = Math.min(1, SIDE_PX_MAX / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => {
    canvas.toBlob(
      (blob) => resolve({ blob, url: URL.createObjectURL(blob), width: canvas.width, height: canvas.height }),
      "image/jpeg",
      JPEG_QUALITY,
    );
  });
}
