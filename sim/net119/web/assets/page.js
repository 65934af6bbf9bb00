// What both pages share. Everything that a person wrote goes to the page as
// text: there is no place in this service where markup is made from a string.

/** Finds an element by id; a missing one is a mistake of ours. */
export function at(id) {
  const e = document.getElementById(id);
  if (!e) throw new Error("no element " + id);
  return e;
}

/** Makes an element with a class and text. */
export function make(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

/** Shows or hides. */
export function show(e, yes) {
  e.hidden = !yes;
}

/** Sets text only when it differs, so that screen readers do not repeat it. */
export function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A random id for a chat line: the same in every repeat of it. */
export function newId() {
  const b = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
}

/** Clock time as Japan reads it. */
export function clock(iso, language) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: "Asia/Tokyo" }).format(new Date(iso));
}

/**
 * Reads a stream of server-sent events by fetch: EventSource cannot send an
 * Authorization header, and a secret in an address would end up in logs.
 * Resolves when the stream ends; rejects when it breaks or stays silent.
 */
export async function stream(url, { headers, signal, silence, opened, each }) {
  const end = new AbortController();
  const stop = () => end.abort();
  signal?.addEventListener("abort", stop);
  let watch;
  const alive = () => {
    clearTimeout(watch);
    if (silence) watch = setTimeout(stop, silence);
  };
  try {
    alive();
    const answer = await fetch(url, { headers: { Accept: "text/event-stream", ...headers }, signal: end.signal, cache: "no-store", credentials: "omit", mode: "cors" });
    if (!answer.ok) throw Object.assign(new Error("stream refused"), { status: answer.status });
    opened?.();
    const text = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = parser(each);
    for (;;) {
      const { value, done } = await text.read();
      if (done) return;
      alive();
      await parse(value);
    }
  } finally {
    clearTimeout(watch);
    signal?.removeEventListener("abort", stop);
    end.abort();
  }
}

/** A parser of the event-stream format; each is awaited, so order holds. */
export function parser(each) {
  let rest = "";
  let event = { id: "", name: "", data: [] };
  return async (chunk) => {
    rest += chunk;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data.length) await each({ id: event.id, name: event.name || "message", data: event.data.join("\n") });
        event = { id: event.id, name: "", data: [] };
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "id") event.id = value;
      else if (field === "event") event.name = value;
      else if (field === "data") event.data.push(value);
    }
  };
}

/** Runs a stream again and again until signal ends. */
export async function forever(url, options) {
  for (let wait = 500; !options.signal?.aborted; wait = Math.min(wait * 2, 5000)) {
    try {
      await stream(url, { ...options, opened: () => { wait = 250; options.opened?.(); } });
    } catch (e) {
      if (options.refused && e.status && options.refused(e.status)) return;
    }
    if (options.signal?.aborted) return;
    options.closed?.();
    await pause(wait / 2 + Math.random() * wait / 2);
  }
}

/** Posts JSON and returns the decoded answer; throws an Error with status. */
export async function post(url, token, body) {
  const answer = await fetch(url, {
    method: "POST", cache: "no-store", credentials: "omit", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...(token ? { Authorization: "Bearer " + token } : {}) },
  });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(value.error ?? "internal"), { status: answer.status });
  return value;
}

/** Writes the chat lines that are not there yet and marks the lost ones. */
export function writeLines(list, lines, { mine, names, language, lost }) {
  for (const line of lines) {
    const id = "l-" + line.id;
    let item = Array.from(list.children).find((c) => c.dataset.id === id);
    if (!item) {
      item = make("li", "line");
      item.dataset.id = id;
      item.append(make("span", "who"), make("span", "text", line.text));
      list.append(item);
      item.scrollIntoView?.({ block: "nearest" });
    }
    item.classList.toggle("mine", line.from === mine);
    item.classList.toggle("fire", line.from === "headquarters" || (line.from === "terminal" && mine !== "terminal"));
    item.classList.toggle("note", line.from === "system");
    say(item.querySelector(".who"), (names[line.from] ?? line.from) + " " + clock(line.at, language));
    if (line.lost && !item.querySelector(".lost")) item.append(make("span", "lost", lost));
  }
}
