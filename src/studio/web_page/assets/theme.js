// Runs before the page is drawn, so that a chosen scheme does not flash.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("studio-theme");
  } catch {
    // Storage may be forbidden; then the system's scheme it is.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
