// Hands over from the service's cloud to the loopback intake of this terminal,
// and passes what headquarters says back to the cloud.
//
// The queue is the cloud's: an item leaves it only after the intake answered,
// so this page may be closed or reloaded at any instant. The intake drops what
// it has already taken by its id.
//
// Browsers ask before a page of a public address may reach a loopback address
// (Local Network Access); the terminal's set-up allows it once for this origin.
import { forever, parser, pause, post } from "/assets/page.js";

export { parser };

const silence = 13000;
const first = 250;
const longest = 5000;

/** What cannot change by sending the same thing again. */
export function final(code) {
  if (code >= 200 && code < 300) return true;
  return code >= 400 && code < 500 && ![401, 403, 408, 429].includes(code);
}

/** The request that hands over an item. */
export function request(item) {
  const json = { "Content-Type": "application/json" };
  const below = (id) => "/intake/reports/" + encodeURIComponent(id);
  if (item.report) return { method: "POST", path: "/intake/reports", headers: { ...json, "Matoi-Mode": item.mode }, body: JSON.stringify(item.report) };
  if (item.state) return { method: "POST", path: below(item.state.reportId) + "/state", headers: json, body: JSON.stringify(item.state) };
  if (item.chat) return { method: "POST", path: below(item.chat.reportId) + "/chat", headers: json, body: JSON.stringify(item.chat) };
  if (item.receipt) return { method: "POST", path: below(item.receipt.reportId) + "/receipts", headers: json, body: JSON.stringify(item.receipt) };
  const m = item.media;
  return { method: "PUT", path: `${below(m.reportId)}/media/${encodeURIComponent(m.id)}?label=${encodeURIComponent(m.label ?? "")}`, headers: { "Content-Type": m.mime }, content: true };
}

/**
 * Starts handing over and returns a function that stops it.
 * heard(what, value) is called with: cloud, intake (booleans), calls (views),
 * name, failing (the last try did not go through), refused ("key" or "credential").
 */
export function handOver({ key, intake, credential }, heard) {
  const stop = new AbortController();
  const lanes = new Map(); // by report: items of one go in order, reports do not wait for each other
  const onWay = new Set();
  let cursor = null;

  const cloud = (path, body) => post("/terminal/api/" + path, key, body);

  async function content(item) {
    const answer = await fetch(`/terminal/api/items/${item.n}/content`, { headers: { Authorization: "Bearer " + key }, signal: stop.signal });
    if (!answer.ok) throw new Error("content");
    return answer.blob();
  }

  async function once(item) {
    const r = request(item);
    const body = r.content ? await content(item) : r.body;
    const answer = await fetch(intake + r.path, {
      method: r.method, headers: { ...r.headers, Authorization: "Bearer " + credential }, body,
      mode: "cors", credentials: "omit", cache: "no-store", signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10000)]),
    });
    if (answer.status === 401) heard("refused", "credential");
    if (!final(answer.status)) throw new Error("not now");
    const value = await answer.json().catch(() => null);
    const problem = answer.headers.get("Content-Type")?.startsWith("application/problem+json");
    return { code: answer.status, status: !problem && value?.reportId ? value : undefined, problem: problem ? value : undefined };
  }

  async function deliver(item) {
    let answer;
    for (let wait = first; !stop.signal.aborted; wait = Math.min(2 * wait, longest)) {
      try {
        answer ??= await once(item);
        await cloud(`items/${item.n}/answer`, answer);
        break;
      } catch {
        heard("failing", true);
        await pause(wait / 2 + Math.random() * wait / 2);
      }
    }
    onWay.delete(item.n);
    heard("failing", false);
  }

  function take(item) {
    if (onWay.has(item.n)) return; // the cloud repeats everything at a new stream
    onWay.add(item.n);
    const id = (item.report ?? {}).reportId ?? (item.state ?? item.chat ?? item.receipt ?? item.media).reportId;
    const lane = (lanes.get(id) ?? Promise.resolve()).then(() => deliver(item));
    lanes.set(id, lane);
    lane.then(() => lanes.get(id) === lane && lanes.delete(id));
  }

  const events = () => forever(intake + "/intake/events", {
    signal: stop.signal,
    get headers() {
      return { Authorization: "Bearer " + credential, ...(cursor ? { "Last-Event-ID": cursor } : {}) };
    },
    opened: () => heard("intake", true),
    closed: () => heard("intake", false),
    refused: (status) => {
      if (status === 401) heard("refused", "credential");
      return false; // a person corrects it; reports wait
    },
    each: async (e) => {
      if (e.name !== "input" && e.name !== "status") return;
      await cloud("events", { id: e.id, [e.name]: JSON.parse(e.data) });
      if (e.id) cursor = e.id;
    },
  });

  forever("/terminal/api/stream", {
    headers: { Authorization: "Bearer " + key }, signal: stop.signal, silence,
    opened: () => heard("cloud", true),
    closed: () => heard("cloud", false),
    refused: (status) => {
      if (status === 401) heard("refused", "key");
      return status === 401;
    },
    each: (e) => {
      const value = JSON.parse(e.data);
      if (e.name === "hello") {
        heard("name", value.name);
        if (cursor === null) {
          cursor = value.cursor;
          events();
        }
      } else if (e.name === "item") take(value);
      else if (e.name === "calls") heard("calls", value);
    },
  });
  return () => stop.abort();
}
