// A classic script in the head, for what must not wait until the modules are there.

// A chosen theme before the first paint; without one the style sheet follows the system by itself.
try {
  const chosen = localStorage.getItem("changeover-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's theme is good enough.
}

// The first stream, opened while the modules load; feed.js takes it over by its address.
{
  const told = new URLSearchParams(location.hash.slice(1)).get("window");
  const asked = ["30s", "5m", "1h", "24h", "7d", "30d"].includes(told) ? told : "1h"; // as place.js has it
  if (!document.hidden) {
    const url = `api/stream?window=${asked}`;
    const controller = new AbortController();
    const response = fetch(url, {
      signal: controller.signal,
      cache: "no-store",
      headers: { Accept: "text/event-stream" },
    });
    response.catch(() => {}); // feed.js meets the same error when it takes over
    window.changeoverEarly = { url, controller, response };
  }
}
