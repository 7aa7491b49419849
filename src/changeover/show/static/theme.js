// A classic script in the head, so that a chosen theme is there before the first paint.
// Without a choice the style sheet follows the system by itself.
try {
  const chosen = localStorage.getItem("changeover-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's theme is good enough.
}
