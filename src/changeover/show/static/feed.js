// Where snapshots come from: the event stream while somebody looks, one request a minute in the
// background, plain requests where a proxy holds streams back. fetch and not EventSource, because
// that one hides the status (401 or 500?), swallows heartbeats and retries by its own clock.

const BACKGROUND_MS = 60_000;
const POLL_MS = 2_000;
const SILENT_MS = 8_000; // a stream without a byte for so long is given up
const UNMOVED_MS = 15_000; // as_of that stands still for so long is stale, whatever the connection says
const RETRY_MS = [250, 1_000, 2_000, 3_000, 5_000];

const DENIED = new Set([401, 403]);

class Refused extends Error {
  constructor(status) {
    super(
      DENIED.has(status) ? `the monitor answered ${status}` : `the monitor answered with error ${status}`,
    );
    this.status = status;
  }
}

/** Why there is no snapshot, in words for the banner. */
function reasonOf(error) {
  if (error instanceof SyntaxError) return "the monitor's answer is not JSON";
  // fetch says TypeError when nobody answers, AbortError and TimeoutError when we hang up.
  if (error instanceof TypeError || error instanceof DOMException) return "the monitor does not answer";
  return error.message;
}

/** One rope from the page to the server; tells `onSnapshot(snapshot)` and `onState(state)`. */
export class Feed {
  #listeners;
  #window;
  #stop = new AbortController();
  #asOf = null; // of the newest snapshot
  #moved = 0; // when it last changed, by performance.now()
  #deafStreams = 0; // streams in a row that opened and gave nothing
  #state = { phase: "connecting" };

  constructor(window, listeners) {
    this.#window = window;
    this.#listeners = listeners;
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    setInterval(() => this.#checkMoving(), 1_000);
  }

  #onVisibility() {
    const { phase } = this.#state;
    if (phase === "paused" || (phase === "denied" && document.hidden)) return;
    this.restart();
  }

  /** Drops the connection and makes a new one, for `window` if given. */
  restart(window = this.#window) {
    this.#window = window;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#moved = performance.now();
    this.#deafStreams = 0;
    if (this.#state.phase !== "stale") this.#tell({ phase: "connecting" });
    this.#run(this.#stop.signal);
  }

  pause() {
    this.#stop.abort();
    this.#tell({ phase: "paused" });
  }

  async #run(signal) {
    let failures = 0;
    while (!signal.aborted) {
      let wait;
      try {
        wait = await this.#attempt(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (DENIED.has(error.status)) {
          // Asking again by ourselves would make the browser ask for a password again and again.
          this.#tell({ phase: "denied", reason: error.message, asOf: this.#asOf });
          return;
        }
        if (!(error instanceof Refused)) console.warn(error);
        this.#stale(reasonOf(error));
        wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)];
      }
      await sleep(wait, signal);
    }
  }

  /** One connection, until it ends. Returns how long to wait before the next. */
  async #attempt(signal) {
    if (document.hidden) {
      await this.#once(signal);
      return BACKGROUND_MS;
    }
    if (this.#deafStreams >= 2) {
      await this.#once(signal);
      return POLL_MS;
    }
    const began = performance.now();
    try {
      const heard = await this.#stream(signal);
      this.#deafStreams = heard ? 0 : this.#deafStreams + 1;
      // A server that restarts closes a long stream; one that closes each at once is polled.
      return heard && performance.now() - began > POLL_MS ? RETRY_MS[0] : POLL_MS;
    } catch (error) {
      if (signal.aborted || !(error instanceof Refused) || DENIED.has(error.status)) throw error;
      this.#deafStreams += 1;
      await this.#once(signal); // perhaps only the stream is not to be had
      return POLL_MS;
    }
  }

  async #once(signal) {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(SILENT_MS)]);
    const response = await get(`api/snapshot?window=${encodeURIComponent(this.#window)}`, limited);
    this.#take(await response.text(), signal);
  }

  /** Reads the stream to its end or silence; whether it gave a snapshot. */
  async #stream(signal) {
    const url = `api/stream?window=${encodeURIComponent(this.#window)}`;
    const early = takeEarly(url);
    const own = early?.controller ?? new AbortController();
    const hangUp = () => own.abort();
    signal.addEventListener("abort", hangUp, { once: true });
    let heard = false;
    try {
      const asked = early?.response.then(checked) ?? get(url, own.signal, "text/event-stream");
      const response = await within(SILENT_MS, asked);
      if (response === null) throw new DOMException("no answer", "TimeoutError");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const chunk = await within(SILENT_MS, reader.read());
        if (chunk === null || chunk.done) return heard;
        const events = (rest + chunk.value).replaceAll("\r\n", "\n").split("\n\n");
        rest = events.pop();
        const newest = events.map(snapshotData).findLast((data) => data !== "");
        if (newest !== undefined) {
          this.#take(newest, signal);
          heard = true;
        }
      }
    } finally {
      signal.removeEventListener("abort", hangUp);
      own.abort();
    }
  }

  #take(json, signal) {
    if (signal.aborted) return;
    const snapshot = JSON.parse(json);
    if (snapshot.as_of !== this.#asOf) {
      this.#asOf = snapshot.as_of;
      this.#moved = performance.now();
    }
    this.#listeners.onSnapshot(snapshot);
    if (performance.now() - this.#moved < UNMOVED_MS) this.#tell({ phase: "live", asOf: this.#asOf });
  }

  #checkMoving() {
    const unmoved = performance.now() - this.#moved > UNMOVED_MS;
    if (unmoved && this.#state.phase === "live" && !document.hidden) {
      this.#stale("no new numbers arrive");
    }
  }

  #stale(reason) {
    this.#tell({ phase: "stale", reason, asOf: this.#asOf });
  }

  #tell(state) {
    this.#state = state;
    this.#listeners.onState(state);
  }
}

async function get(url, signal, accept = "application/json") {
  return checked(await fetch(url, { signal, cache: "no-store", headers: { Accept: accept } }));
}

function checked(response) {
  if (!response.ok) throw new Refused(response.status);
  return response;
}

/** The stream that early.js opened, once, and only if it is the one that is wanted. */
function takeEarly(url) {
  const early = window.changeoverEarly;
  delete window.changeoverEarly;
  if (early?.url === url) return early;
  early?.controller.abort();
  return undefined;
}

/** The data of one `snapshot` event, "" for comments and others. */
function snapshotData(event) {
  const fields = event.split("\n");
  const name =
    fields
      .find((line) => line.startsWith("event:"))
      ?.slice(6)
      .trim() ?? "snapshot";
  if (name !== "snapshot") return "";
  return fields
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5))
    .join("\n")
    .trim();
}

/** What the promise gives, or null if it takes too long. */
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds, null);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
