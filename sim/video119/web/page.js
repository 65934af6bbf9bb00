// One page for both: the list of messages that telephones got, and, behind a
// link, the caller's page. Everything from outside goes to the page as text.
const at = (id) => document.getElementById(id);
const token = location.hash.slice(1);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function ask(path, body) {
  const answer = await fetch("/api/link" + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: "Bearer " + token, ...(body instanceof Blob ? { "Content-Type": "image/jpeg" } : {}) },
    body: body instanceof Blob ? body : body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  return answer.ok ? answer.json() : undefined;
}

async function messages() {
  const answer = await fetch("/api/sent", { cache: "no-store" });
  const list = answer.ok ? await answer.json() : [];
  at("none").hidden = list.length > 0;
  at("messages").replaceChildren(
    ...list.map((m) => {
      const li = document.createElement("li");
      const words = document.createElement("p");
      words.textContent = `${m.phone || "（通報者の番号）"} へのSMS：消防です。映像を送る画面を開いてください。${m.text ?? ""}`;
      const a = document.createElement("a");
      a.className = "link";
      a.href = "#" + m.token;
      a.target = "_blank";
      a.rel = "noopener";
      a.textContent = "リンクを開く";
      li.append(words, a);
      return li;
    }),
  );
}

const view = at("view");
let drawn = 0;
function draw(call) {
  const g = view.getContext("2d");
  drawn++;
  g.fillStyle = `hsl(${drawn % 360} 40% 22%)`;
  g.fillRect(0, 0, view.width, view.height);
  g.fillStyle = "#fff";
  g.font = "bold 40px sans-serif";
  g.fillText("模擬映像", 30, 70);
  g.font = "28px sans-serif";
  g.fillText(new Date().toLocaleTimeString("ja-JP"), 30, 120);
  g.fillText(call.looked ? "消防が見ています" : "消防はまだ見ていません", 30, 165);
  g.beginPath();
  g.arc(60 + ((drawn * 12) % (view.width - 120)), 270, 40, 0, 7);
  g.fill();
}

const states = { "link-sent": "リンクを開きました", "link-opened": "同意を待っています", consented: "準備しています", live: "映像を送っています", "live-ended": "映像を止めました" };
function show(call) {
  const over = ["ended", "declined", "failed"].includes(call.state);
  at("ask").hidden = over || !["link-sent", "link-opened"].includes(call.state);
  at("live").hidden = over || !["consented", "live", "live-ended"].includes(call.state);
  at("over").hidden = !over || call.safety;
  at("safety").hidden = !call.safety;
  at("clip").hidden = over || !call.clip;
  if (call.clip) at("clipname").textContent = call.clip.label;
  at("state").textContent = states[call.state] ?? "";
  at("say").textContent = call.say?.ja ?? "";
  at("chat").replaceChildren(...call.chat.map((m) => Object.assign(document.createElement("li"), { textContent: "消防：" + m.text })));
}

async function run() {
  let call = await ask("/open", {});
  at("yes").onclick = async () => {
    const p = await new Promise((done) => {
      if (!navigator.geolocation) return done(undefined);
      navigator.geolocation.getCurrentPosition((g) => done(g.coords), () => done(undefined), { timeout: 3000 });
    });
    // Where the browser gives no position, the made-up one of the example city.
    await ask("/consent", { Lat: p?.latitude ?? 34.7039, Lon: p?.longitude ?? 135.5012, RadiusM: p?.accuracy ?? 15 });
  };
  at("no").onclick = () => ask("/decline", {});
  at("end").onclick = () => ask("/end", {});
  at("played").onclick = () => ask("/played", {});
  for (;;) {
    call = (await ask("")) ?? call;
    if (!call) {
      at("say").textContent = "このリンクは使えません。";
      return;
    }
    show(call);
    if (["consented", "live"].includes(call.state)) {
      draw(call);
      const jpeg = await new Promise((done) => view.toBlob(done, "image/jpeg", 0.7));
      if (jpeg) await ask("/frame", jpeg);
      await pause(call.looked ? 200 : 1000);
    } else await pause(1000);
  }
}

addEventListener("hashchange", () => location.reload());
if (token) {
  at("phone").hidden = true;
  at("call").hidden = false;
  void run();
} else {
  void messages();
  setInterval(() => void messages(), 1500);
}
