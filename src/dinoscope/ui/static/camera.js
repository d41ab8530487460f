// A phone takes a picture with its camera; from there on it is an upload like any other.
document.addEventListener("change", (event) => {
  const camera = event.target;
  if (!camera.matches?.("#camera input")) return;
  const upload = document.querySelector("#drop input[type=file]");
  upload.files = camera.files;
  upload.dispatchEvent(new Event("change", { bubbles: true }));
  camera.value = "";
});
