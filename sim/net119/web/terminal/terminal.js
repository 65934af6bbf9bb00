// The service's own page in the dedicated terminal's browser: what a person at
// the terminal reads and answers, also while the command system is away
// (condition 1-1-2). Handing over to the intake is handover.js.
import { at, clock, make, newId, post, say, show, writeLines } from "/assets/page.js";
import { current, switchLanguage, word, writeWords } from "/assets/words.js";
import { handOver } from "/terminal/handover.js";

const stored = "net119.terminal";
let settings = null;
let stopHanding = null;
let calls = [];
let picked = "";
let shownLines = "";
const link = { cloud: false, intake: false, failing: false, refused: "" };

/** Settings come once in the part of the address that is never sent anywhere. */
function readSettings() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.get("key")) {
    const s = { key: given.get("key"), intake: given.get("intake") ?? "", credential: given.get("credential") ?? "" };
    localStorage.setItem(stored, JSON.stringify(s));
    history.replaceState(null, "", location.pathname);
  }
  try {
    return JSON.parse(localStorage.getItem(stored) ?? "null");
  } catch {
    return null;
  }
}

function start() {
  stopHanding?.();
  settings = readSettings();
  const ready = Boolean(settings?.key && settings?.intake && settings?.credential);
  show(at("setup"), !ready);
  show(at("work"), ready);
  if (!ready) return;
  Object.assign(link, { cloud: false, intake: false, failing: false, refused: "" });
  writeLinks();
  stopHanding = handOver({ ...settings, intake: settings.intake.replace(/\/+$/, "") }, heard);
}

function heard(what, value) {
  if (what === "calls") {
    calls = value;
    writeCalls();
  } else if (what === "name") {
    say(at("name"), value);
    document.title = word("tTitle") + " " + value;
  } else {
    link[what] = value;
    if (what === "intake" && value) link.refused = "";
    writeLinks();
  }
}

function writeLinks() {
  for (const name of ["cloud", "intake"]) {
    at(name).className = "link " + (link[name] ? "up" : "down");
    say(at(name).querySelector("b"), word(link[name] ? "up" : "down"));
  }
  let alarm = "";
  if (link.refused === "key") alarm = word("tWrongKey");
  else if (!link.cloud) alarm = word("tCloudDown");
  else if (link.refused === "credential") alarm = word("tWrongCredential");
  else if (!link.intake || link.failing) {
    const n = calls.reduce((sum, c) => sum + c.waiting, 0);
    alarm = word("tAlone", { n });
  }
  say(at("alarm"), alarm);
  show(at("alarm"), alarm !== "" && settings !== null);
}

function stepTag(c) {
  const look = { "": "far", spooled: "far", received: "near", integrated: "near", seen: "seen", refused: "far" }[c.step] ?? "near";
  const text = { "": "step0", spooled: "step1", received: "step2", integrated: "step3", seen: "step4" }[c.step];
  return make("span", "tag " + look, text ? word(text) : word("refusedTitle"));
}

function life(c) {
  if (c.closed) return word("tClosed");
  if (c.ended) return word("tEnded");
  if (c.gone) return word("tGone");
  return c.claimed ? word("tClaimed") : word("tLive");
}

function writeCalls() {
  show(at("none"), calls.length === 0);
  if (!picked && calls.length) picked = calls[0].reportId;
  const focus = document.activeElement?.dataset?.report;
  at("calls").replaceChildren(...calls.map((c) => {
    const li = make("li");
    const b = make("button", `item ${c.kind} ${c.closed || c.ended ? "over" : ""}`);
    b.type = "button";
    b.dataset.report = c.reportId;
    b.setAttribute("aria-current", String(c.reportId === picked));
    b.append(make("span", "kind", word(c.kind)), make("span", "soft", `${clock(c.at, current())} ${life(c)}`), stepTag(c), make("span", "where", c.place));
    if (c.text) b.append(make("span", "what", c.text));
    b.addEventListener("click", () => {
      picked = c.reportId;
      writeCalls();
    });
    li.append(b);
    return li;
  }));
  if (focus) document.querySelector(`[data-report="${CSS.escape(focus)}"]`)?.focus();
  writeOne(calls.find((c) => c.reportId === picked));
  writeLinks();
}

function writeOne(c) {
  show(at("pick"), !c);
  show(at("detail"), Boolean(c));
  if (!c) return;
  say(at("band"), word(c.mode === "exercise" ? "exerciseBand" : "testBand"));
  show(at("band"), c.mode !== "actual");
  say(at("title"), `${word(c.kind)} ${c.place}`);
  say(at("state"), life(c));
  say(at("text"), c.text ?? "");
  show(at("text"), Boolean(c.text));
  const m = c.medical ?? {};
  const rows = [
    ["tPerson", [c.person.name, c.person.kana, c.person.birth].filter(Boolean).join(" / ")],
    ["tComm", (c.person.communication ?? []).map((k) => word("comm-" + k)).join(current() === "ja" ? "・" : ", ")],
    ["tPhone", c.person.phone],
    ["place", (c.locations ?? []).map(where).join(" | ")],
    ["tMedical", [...(m.conditions ?? []), ...(m.medications ?? []), ...(m.allergies ?? []), m.hospital].filter(Boolean).join(", ")],
    ["tContacts", (c.contacts ?? []).map((k) => [k.relation, k.name, k.phone].filter(Boolean).join(" ")).join(" | ")],
    ["tStep", c.step ? word("step" + ["", "spooled", "received", "integrated", "seen"].indexOf(c.step)) : word("step0")],
    ["time", clock(c.at, current())], ["number", `${c.reportId} / ${c.revision}`],
  ];
  at("facts").replaceChildren(...rows.filter((r) => r[1]).flatMap(([k, v]) => [make("dt", "", word(k)), make("dd", "", v)]));
  if (shownLines !== c.reportId + current()) {
    at("lines").replaceChildren();
    shownLines = c.reportId + current();
  }
  const names = Object.fromEntries(["headquarters", "system", "operator"].map((k) => [k, word(k)]));
  writeLines(at("lines"), c.chat, { mine: "terminal", language: current(), lost: word("lost"), names: { ...names, caller: c.person.name, terminal: word("terminal") } });
  show(at("write"), !c.closed);
}

function where(l) {
  const a = l.civic ?? {};
  const civic = [a.pref, a.city, a.line].filter(Boolean).join("") + [a.building, a.room].filter(Boolean).map((s) => " " + s).join("");
  const point = l.lat !== undefined ? `${l.lat.toFixed(5)}, ${l.lon.toFixed(5)}${l.radiusM ? ` ±${l.radiusM} m` : ""}` : "";
  return [l.label, civic, point].filter(Boolean).join(" ");
}

at("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = at("line").value.trim();
  if (!text || !picked) return;
  await post(`/terminal/api/calls/${encodeURIComponent(picked)}/chat`, settings.key, { id: newId(), text });
  at("line").value = "";
});
at("language").addEventListener("click", () => {
  switchLanguage();
  writeCalls();
});
at("reset").addEventListener("click", () => {
  localStorage.removeItem(stored);
  start();
});
at("setup").addEventListener("submit", (event) => {
  event.preventDefault();
  const s = { key: at("key").value.trim(), intake: at("address").value.trim(), credential: at("credential").value.trim() };
  localStorage.setItem(stored, JSON.stringify(s));
  start();
});

writeWords();
start();
