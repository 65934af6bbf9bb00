// The words of both pages, Japanese first. An element names its word in
// data-word; a language switch writes them all again.

export const words = {
  ja: {
    simulation: "模擬", language: "English", exerciseBand: "訓練です(本番の通報ではありません)", testBand: "試験です(本番の通報ではありません)",
    callTitle: "119番に通報する", who: "登録されている人", what: "どうしましたか", where: "どこですか",
    ems: "救急", emsHint: "けが・病気", fire: "火事", fireHint: "煙・炎が見える", other: "その他", otherHint: "救助など",
    home: "自宅", here: "外出先", hereHint: "いまいる場所を送ります", locate: "現在地を取得", locating: "取得しています…",
    located: "取得しました(誤差 約{m} m)", noLocation: "現在地を取得できませんでした。住所や目印を書いてください。",
    address: "住所や目印", addressHint: "例: 例示駅前、コンビニの前", comment: "くわしく(書かなくても送れます)",
    practice: "練習として送る(訓練)", send: "通報する", sending: "送信しています…", sendHint: "押すとすぐに消防へつながります",
    step0: "送信中", step1: "端末", step2: "消防", step3: "画面", step4: "職員が見た",
    waitTitle: "消防にはまだ届いていません", waitText: "サービスに受け付けました。消防の端末へ送っています。",
    noHandover: "消防の端末とつながっていません。つながりしだい、自動で送ります。",
    spooledTitle: "消防にはまだ届いていません", spooledText: "消防署の端末までは届きました。消防指令センターへ送っています。",
    receivedTitle: "消防に届きました", receivedText: "まだ人は見ていません。",
    integratedTitle: "消防の画面に表示されました", integratedText: "まだ人は見ていません。",
    seenTitle: "消防が確認しました", seenText: "このまま画面を開いておいてください。質問が届くことがあります。",
    refusedTitle: "内容を読み取れませんでした", refusedText: "消防には「解読できない通報」として知らせています。ほかの方法でも呼んでください。",
    endedTitle: "通報を終えました", closedTitle: "消防の対応が終わりました", brokenPage: "通信が切れています。つなぎ直しています…",
    claimed: "担当の職員が対応しています。", waiting: "消防へまだ渡せていないもの: {n} 件",
    elseTitle: "届くまでのあいだ、ほかの方法でも呼んでください", else1: "近くの人に、119番への電話を頼む", else2: "電話リレーサービス・FAX119を使う", else3: "大きな音や身ぶりで助けを求める",
    chat: "消防とのチャット", chatEmpty: "まだ何もありません。伝えたいことを書いてください。", write: "メッセージ", sendLine: "送る",
    details: "送った内容", kind: "種別", place: "場所", time: "時刻", number: "番号", text: "くわしく",
    move: "現在地を送り直す", photo: "写真を送る", end: "通報を終える", endSure: "本当に終えますか?", endYes: "はい、終える", endNo: "つづける",
    resume: "もう一度つなぐ", again: "新しく通報する", mail: "届いたメール(模擬)", confirmation: "通報を受け付けました。この画面で消防とやりとりできます。", "call-back": "消防から呼び返しがありました。画面を開いて確認してください。",
    lost: "この行は届きませんでした", caller: "あなた", headquarters: "消防", terminal: "消防(端末)", system: "お知らせ", operator: "受付",
    "unknown-person": "登録されている人を選んでください。", "unknown-kind": "どうしましたか、を選んでください。", "no-place": "場所を選んでください。外出先のときは現在地か住所が必要です。",
    "no-mode": "送信できませんでした。", "too-long": "長すぎます。短くして送ってください。", "call-ended": "この通報は終わっています。", "unknown-call": "この通報は見つかりません。", internal: "送信できませんでした。もう一度押すか、ほかの方法で呼んでください。", "bad-request": "送信できませんでした。",
    tTitle: "端末画面", tReports: "通報", tNone: "いま通報はありません。", tPick: "通報を選んでください。", tCloud: "サービス", tIntake: "標準IF(受け口)", up: "接続中", down: "切断", tSetup: "この端末の設定",
    tSetupHint: "サービスの鍵と、この端末の受け口のアドレス・資格情報を入れてください。この端末の中だけに保存します。", tKey: "サービスの鍵", tAddress: "受け口のアドレス", tCredential: "受け口の資格情報", tSave: "保存して始める", tReset: "設定を消す",
    tAlone: "指令システムへ渡せていません({n} 件)。この画面で通報者に応答してください。", tCloudDown: "サービスとつながっていません。新しい通報はここに届きません。",
    tWrongKey: "サービスの鍵が違います。設定し直してください。", tWrongCredential: "受け口の資格情報が違います。渡せていない通報があります。", tAnswer: "端末から通報者へ", tPerson: "登録者", tMedical: "医療情報", tContacts: "連絡先", tPhone: "電話", tStep: "到達", tComm: "連絡手段",
    tEnded: "通報者が終了", tGone: "通報者と切断", tClosed: "対応終了", tClaimed: "受付済み", tLive: "接続中",
    "comm-text": "文字", "comm-sign": "手話", "comm-speech": "発話", "comm-hearing-aid": "補聴器",
  },
  en: {
    simulation: "Simulation", language: "日本語", exerciseBand: "Exercise: this is not a real report", testBand: "Test: this is not a real report",
    callTitle: "Report to 119", who: "Registered person", what: "What happened?", where: "Where are you?",
    ems: "Ambulance", emsHint: "Injury, illness", fire: "Fire", fireHint: "Smoke or flames", other: "Other", otherHint: "Rescue and others",
    home: "Home", here: "Elsewhere", hereHint: "Sends the place where you are", locate: "Get my position", locating: "Getting it…",
    located: "Position found (about {m} m)", noLocation: "Your position could not be found. Write an address or a landmark.",
    address: "Address or landmark", addressHint: "For example: in front of the station", comment: "Details (optional)",
    practice: "Send as practice (exercise)", send: "Report now", sending: "Sending…", sendHint: "Connects to the fire service at once",
    step0: "Sending", step1: "Terminal", step2: "Fire HQ", step3: "Screen", step4: "Seen",
    waitTitle: "The fire service has not received this yet", waitText: "The service has it and is sending it to the fire service's terminal.",
    noHandover: "The terminal at the fire service is not connected. It will be sent as soon as it is.",
    spooledTitle: "The fire service has not received this yet", spooledText: "It has reached the terminal at the fire station and is being sent on.",
    receivedTitle: "It has arrived at the fire service", receivedText: "Nobody has looked at it yet.",
    integratedTitle: "It is on the fire service's screens", integratedText: "Nobody has looked at it yet.",
    seenTitle: "The fire service has seen your report", seenText: "Keep this page open. They may ask you something.",
    refusedTitle: "Your report could not be read", refusedText: "The fire service knows that an unreadable report came. Call in another way too.",
    endedTitle: "You have ended the report", closedTitle: "The fire service has closed the report", brokenPage: "Connection lost. Trying again…",
    claimed: "A dispatcher is taking care of it.", waiting: "Not yet handed to the fire service: {n}",
    elseTitle: "Until it arrives, call in another way too", else1: "Ask somebody near you to telephone 119", else2: "Use the telephone relay service or FAX119", else3: "Call for help with loud sounds or gestures",
    chat: "Chat with the fire service", chatEmpty: "Nothing yet. Write what you want to tell.", write: "Message", sendLine: "Send",
    details: "What you sent", kind: "Kind", place: "Place", time: "Time", number: "Number", text: "Details",
    move: "Send my position again", photo: "Send a photo", end: "End the report", endSure: "Really end it?", endYes: "Yes, end", endNo: "Go on",
    resume: "Connect again", again: "New report", mail: "Mail received (simulated)", confirmation: "Your report was accepted. You can talk with the fire service on this page.", "call-back": "The fire service is calling you back. Open the page.",
    lost: "This line was not delivered", caller: "You", headquarters: "Fire service", terminal: "Fire service (terminal)", system: "Notice", operator: "Operator",
    "unknown-person": "Choose a registered person.", "unknown-kind": "Choose what happened.", "no-place": "Choose a place. Elsewhere needs a position or an address.",
    "no-mode": "It could not be sent.", "too-long": "Too long. Make it shorter.", "call-ended": "This report has ended.", "unknown-call": "This report is not known.", internal: "It could not be sent. Try again or call in another way.", "bad-request": "It could not be sent.",
    tTitle: "Terminal page", tReports: "Reports", tNone: "No reports now.", tPick: "Choose a report.", tCloud: "Service", tIntake: "Standard interface", up: "connected", down: "down", tSetup: "Set up this terminal",
    tSetupHint: "Enter the service's key and the address and credential of this terminal's intake. They stay on this terminal.", tKey: "Key of the service", tAddress: "Address of the intake", tCredential: "Credential for the intake", tSave: "Save and start", tReset: "Clear the settings",
    tAlone: "Not handed to the command system ({n}). Answer the caller on this page.", tCloudDown: "Not connected to the service. New reports do not reach this page.",
    tWrongKey: "The service's key is wrong. Set it up again.", tWrongCredential: "The intake's credential is wrong. Reports are waiting.", tAnswer: "From the terminal to the caller", tPerson: "Person", tMedical: "Medical", tContacts: "Contacts", tPhone: "Telephone", tStep: "Reached", tComm: "Communication",
    tEnded: "ended by caller", tGone: "caller lost", tClosed: "closed", tClaimed: "claimed", tLive: "connected",
    "comm-text": "text", "comm-sign": "sign language", "comm-speech": "speech", "comm-hearing-aid": "hearing aid",
  },
};

let language = localStorage.getItem("net119.language") === "en" ? "en" : "ja";

export const current = () => language;

/** The word of a key in the language of the page, with {places} filled. */
export function word(key, places = {}) {
  let s = words[language][key] ?? key;
  for (const [k, v] of Object.entries(places)) s = s.replace("{" + k + "}", String(v));
  return s;
}

/** Writes all words of the page. */
export function writeWords() {
  document.documentElement.lang = language;
  for (const e of document.querySelectorAll("[data-word]")) e.textContent = word(e.dataset.word);
  for (const e of document.querySelectorAll("[data-word-placeholder]")) e.placeholder = word(e.dataset.wordPlaceholder);
  for (const e of document.querySelectorAll("[data-word-label]")) e.setAttribute("aria-label", word(e.dataset.wordLabel));
}

/** Switches between Japanese and English. */
export function switchLanguage() {
  language = language === "ja" ? "en" : "ja";
  localStorage.setItem("net119.language", language);
  writeWords();
}
