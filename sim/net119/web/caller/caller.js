// The caller's page: choose, send, and then the truth about how far it came.
// 消防が確認しました is shown at the step "seen" and at no other.
import { at, clock, forever, make, newId, post, say, show, writeLines } from "/assets/page.js";
import { current, switchLanguage, word, writeWords } from "/assets/words.js";

const api = "/caller/api/";
const silence = 13000; // three beats of the service and a little
const stored = "net119.calls";

let setup = { persons: [], mode: "exercise" };
let position = null; // of 外出先
let call = null; // {id, token}
let view = null; // what the service last said about it
let listening = null; // AbortController of the stream

const radio = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value ?? "";

const calls = () => {
  try {
    return JSON.parse(localStorage.getItem(stored) ?? "[]");
  } catch {
    return []; // somebody else wrote there; a new report is always possible
  }
};

function remember(c) {
  localStorage.setItem(stored, JSON.stringify([c, ...calls().filter((o) => o.id !== c.id)].slice(0, 10)));
}

function writePlaces() {
  const p = setup.persons.find((o) => o.id === at("person").value);
  const kept = radio("place") || "home";
  const tile = (value, title, hint) => {
    const label = make("label", "tile");
    const input = make("input");
    input.type = "radio";
    input.name = "place";
    input.value = value;
    input.checked = value === kept;
    label.append(input, make("b", "", title), make("small", "", hint));
    return label;
  };
  const often = (p?.often ?? []).map((o, n) => {
    const [title, ...rest] = o.split(" ");
    return tile("often:" + n, title, rest.join(" "));
  });
  at("places").replaceChildren(tile("home", word("home"), p?.home ?? ""), ...often, tile("here", word("here"), word("hereHint")));
  if (!radio("place")) document.querySelector('input[name="place"][value="home"]').checked = true;
  show(at("here"), radio("place") === "here");
}

function writeStart() {
  say(at("name"), setup.name);
  document.title = setup.name;
  if (!at("person").children.length) {
    at("person").append(...setup.persons.map((p) => {
      const o = make("option", "", p.name);
      o.value = p.id;
      return o;
    }));
    at("practice").checked = setup.mode === "exercise";
  }
  writePlaces();
  writeBand();
}

function mode() {
  if (at("practice").checked) return "exercise";
  return setup.mode === "test" ? "test" : "actual";
}

function writeBand() {
  const m = view ? view.mode : mode();
  say(at("band"), m === "exercise" ? word("exerciseBand") : word("testBand"));
  show(at("band"), m !== "actual");
}

function complain(key) {
  say(at("problem"), word(key));
  show(at("problem"), true);
  at("problem").scrollIntoView({ block: "center" });
}

function locate() {
  return new Promise((found) => {
    if (!navigator.geolocation) return found(null);
    navigator.geolocation.getCurrentPosition(
      (p) => found({ lat: p.coords.latitude, lon: p.coords.longitude, radiusM: Math.max(1, Math.round(p.coords.accuracy)) }),
      () => found(null), { enableHighAccuracy: true, timeout: 8000 });
  });
}

async function locateHere() {
  say(at("located"), word("locating"));
  position = await locate();
  say(at("located"), position ? word("located", { m: position.radiusM }) : word("noLocation"));
  if (!position) at("address").focus();
}

async function send(event) {
  event.preventDefault();
  show(at("problem"), false);
  if (!radio("kind")) return complain("unknown-kind");
  const body = { person: at("person").value, kind: radio("kind"), place: radio("place"), text: at("text").value.trim(), mode: mode() };
  if (body.place === "here") Object.assign(body, position ?? {}, { address: at("address").value.trim() });
  at("send").disabled = true;
  say(at("send"), word("sending"));
  try {
    const sent = await post(api + "calls", "", body);
    open({ id: sent.reportId, token: sent.token });
  } catch (e) {
    complain(e.status ? e.message : "internal");
  } finally {
    at("send").disabled = false;
    say(at("send"), word("send"));
  }
}

function open(c) {
  call = c;
  remember(c);
  at("lines").replaceChildren();
  listening?.abort();
  listening = new AbortController();
  forever(`${api}calls/${c.id}/stream`, {
    headers: { Authorization: "Bearer " + c.token }, signal: listening.signal, silence,
    opened: () => show(at("broken"), false),
    closed: () => show(at("broken"), true),
    refused: (status) => {
      if (status === 404) forget(c);
      return status === 404;
    },
    each: (e) => {
      if (e.name !== "call") return;
      view = JSON.parse(e.data);
      writeCall();
    },
  });
}

function forget(c) {
  localStorage.setItem(stored, JSON.stringify(calls().filter((o) => o.id !== c.id)));
  start();
}

function start() {
  listening?.abort();
  [call, view, position] = [null, null, null];
  at("start").reset();
  at("practice").checked = setup.mode === "exercise";
  show(at("call"), false);
  show(at("broken"), false);
  show(at("start"), true);
  say(at("located"), "");
  writeStart();
}

const order = ["", "spooled", "received", "integrated", "seen"];

/** The words for a step; what the terminal says goes before our own. */
function stateOf(v) {
  const said = v.say?.[current()] ?? "";
  if (v.closed) return { look: "over", title: word("closedTitle"), text: "" };
  if (v.ended) return { look: "over", title: word("endedTitle"), text: "" };
  switch (v.step) {
    case "": return { look: "", title: word("waitTitle"), text: v.handover ? word("waitText") : word("noHandover"), far: true };
    case "spooled": return { look: "", title: word("spooledTitle"), text: said || word("spooledText"), far: true };
    case "received": return { look: "onway", title: word("receivedTitle"), text: said || word("receivedText") };
    case "integrated": return { look: "onway", title: word("integratedTitle"), text: said || word("integratedText") };
    case "seen": return { look: "seen", title: word("seenTitle"), text: word("seenText") };
    default: return { look: "refused", title: word("refusedTitle"), text: said || word("refusedText"), far: true };
  }
}

function writeSteps(v) {
  const reached = order.indexOf(v.step);
  at("steps").replaceChildren(...order.map((_, n) => {
    const li = make("li", n <= reached ? "done" : "", word("step" + n));
    if (n === reached) {
      li.classList.add("now");
      li.setAttribute("aria-current", "step");
    }
    return li;
  }));
  show(at("steps"), reached >= 0);
}

function writeCall() {
  const v = view;
  const s = stateOf(v);
  show(at("start"), false);
  show(at("call"), true);
  at("state").className = "state " + s.look;
  say(at("stateTitle"), s.title);
  say(at("stateText"), s.text);
  const more = [];
  if (v.claimed && !v.closed) more.push(word("claimed"));
  if (v.waiting > 0 && v.step !== "") more.push(word("waiting", { n: v.waiting }));
  say(at("stateMore"), more.join(" "));
  show(at("stateMore"), more.length > 0);
  show(at("stateText"), s.text !== "");
  show(at("else"), Boolean(s.far));
  writeSteps(v);
  writeBand();
  const over = v.ended || v.closed;
  show(at("write"), !over);
  show(at("acts"), !over);
  show(at("after"), over);
  show(at("resume"), v.ended);
  if (over) show(at("endSure"), false);
  show(at("chatEmpty"), v.chat.length === 0 && !over);
  writeLines(at("lines"), v.chat, { mine: "caller", names: names(), language: current(), lost: word("lost") });
  writeFacts(v);
  at("mails").replaceChildren(...(v.mails ?? []).map((m) => make("li", "", `${clock(m.at, current())} ${word(m.kind)}`)));
}

const names = () => Object.fromEntries(["caller", "headquarters", "terminal", "system", "operator"].map((k) => [k, word(k)]));

function writeFacts(v) {
  const rows = [["kind", word(v.kind)], ["place", v.place], ["text", v.text], ["time", clock(v.at, current())], ["number", v.reportId]];
  at("facts").replaceChildren(...rows.filter((r) => r[1]).flatMap(([k, value]) => [make("dt", "", word(k)), make("dd", "", value)]));
}

const act = (path, body = {}) => post(`${api}calls/${call.id}/${path}`, call.token, body);

async function write(event) {
  event.preventDefault();
  const text = at("line").value.trim();
  if (!text) return;
  const id = newId(); // the same in every try: a line is never doubled
  for (let n = 0; n < 5; n++) {
    try {
      await act("chat", { id, text });
      at("line").value = "";
      return;
    } catch (e) {
      if (e.status && e.status < 500) return;
      await new Promise((r) => setTimeout(r, 600 * (n + 1)));
    }
  }
}

async function sendPhoto() {
  const file = at("file").files[0];
  at("file").value = "";
  if (!file) return;
  await fetch(`${api}calls/${call.id}/photos`, { method: "POST", body: file, headers: { "Content-Type": file.type, Authorization: "Bearer " + call.token } });
}

at("language").addEventListener("click", () => {
  switchLanguage();
  writeStart();
  if (view) writeCall();
});
at("person").addEventListener("change", writePlaces);
at("places").addEventListener("change", () => show(at("here"), radio("place") === "here"));
at("practice").addEventListener("change", writeBand);
at("locate").addEventListener("click", locateHere);
at("start").addEventListener("submit", send);
at("write").addEventListener("submit", write);
at("move").addEventListener("click", async () => {
  const p = await locate();
  if (p) await act("move", p);
});
at("photo").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", sendPhoto);
at("end").addEventListener("click", () => show(at("endSure"), true));
at("endNo").addEventListener("click", () => show(at("endSure"), false));
at("endYes").addEventListener("click", () => act("end"));
at("resume").addEventListener("click", () => act("resume"));
at("again").addEventListener("click", start);

writeWords();
setup = await (await fetch(api + "setup", { cache: "no-store" })).json();
writeStart();
const last = calls()[0];
if (last) open(last); // a reload loses nothing
else show(at("start"), true);
