// Adds copy buttons to the examples; everything else works without it.
(function () {
  "use strict";
  const words = document.currentScript.dataset;
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("pre.copied")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent.trim() + "\n");
      button.textContent = words.copied;
      setTimeout(() => (button.textContent = words.copy), 2000);
    });
    const frame = document.createElement("div");
    frame.className = "frame";
    block.before(frame);
    frame.append(block, button);
  }
})();
