package authz

import (
	"slices"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/staff"
)

// Right names one thing that somebody may do. Every console route and every act
// declares exactly one; a route or an act without a declared right does not start.
type Right string

// Rights of consoles and persons.
const (
	PageRead      Right = "page.read"
	HealthRead    Right = "health.read"
	ConsoleJoin   Right = "console.join"
	ConsoleRead   Right = "console.read"
	ConsoleEnrol  Right = "console.enrol"
	ConsoleRevoke Right = "console.revoke"
	SessionOpen   Right = "session.open"
	SessionRead   Right = "session.read"
	SessionTouch  Right = "session.touch"
	SessionClose  Right = "session.close"
	SessionRevoke Right = "session.revoke"
	PersonRead    Right = "person.read"
	PersonManage  Right = "person.manage"
	PasswordSet   Right = "password.set"
)

// Rights on the board and on reports.
const (
	BoardRead     Right = "board.read"
	FeedRead      Right = "feed.read"
	FeedConfirm   Right = "feed.confirm"
	ReportList    Right = "report.list"
	ReportRead    Right = "report.read"
	ReportMedical Right = "report.medical"
	ReportSearch  Right = "report.search"
	ReportOpen    Right = "report.open"
	ReportClaim   Right = "report.claim"
	ReportRelease Right = "report.release"
	ReportClose   Right = "report.close"
	ChatSend      Right = "chat.send"
	MediaRead     Right = "media.read"
	DataRequest   Right = "data.request"
	SnippetRead   Right = "snippet.read"
	SnippetManage Right = "snippet.manage"

	MediaRequest   Right = "media.request"
	CallRecord     Right = "call.record"
	CallerCallBack Right = "caller.call-back"
	GuideSend      Right = "guide.send"
	LiveView       Right = "live.view"
)

// Rights on incidents and voice calls.
const (
	IncidentRead    Right = "incident.read"
	IncidentJoin    Right = "incident.join"
	IncidentClose   Right = "incident.close"
	VoiceCallRead   Right = "voice-call.read"
	VoiceCallNotice Right = "voice-call.notice"
	ReportTransfer  Right = "report.transfer"
	TransferCarry   Right = "transfer.carry"
	PartnerRead     Right = "partner.read"
	PartnerManage   Right = "partner.manage"
)

// Rights on clients, and what clients do.
const (
	ClientRead    Right = "client.read"
	ClientManage  Right = "client.manage"
	ClientUse     Right = "client.use"
	WebhookManage Right = "webhook.manage"
	WebhookReplay Right = "webhook.replay"
	WebhookQueue  Right = "webhook.queue"
	EidoRead      Right = "eido.read"
	AnswerKeep    Right = "answer.keep"
	AnswerForget  Right = "answer.forget"
)

// Rights on terminals and on the house.
const (
	TerminalRead   Right = "terminal.read"
	TerminalEnrol  Right = "terminal.enrol"
	TerminalRevoke Right = "terminal.revoke"
	MapRead        Right = "map.read"
	MapManage      Right = "map.manage"
	LogRead        Right = "log.read"
	LogVerify      Right = "log.verify"
	LogCheckpoint  Right = "log.checkpoint"
)

// Rights of machines: the acts behind a frame, a timer or a delivery.
const (
	ReportArrive    Right = "report.arrive"
	ReportIntegrate Right = "report.integrate"
	ReportEscalate  Right = "report.escalate"
	ReportUnheard   Right = "report.unheard"
	ReportSilent    Right = "report.silent"
	MediaKeep       Right = "media.keep"
	MediaDispose    Right = "media.dispose"
	DataAnswer      Right = "data.answer"
	MessageDeliver  Right = "message.deliver"
	TerminalLink    Right = "terminal.link"
	TerminalRenew   Right = "terminal.renew"
)

// Who is a holder of rights as the table names it: a role of a person, or a
// kind of principal that is not a person.
type Who string

// The holders. The first four are the roles of staff.
const (
	Dispatcher     = Who(staff.Dispatcher)
	Supervisor     = Who(staff.Supervisor)
	Maintainer     = Who(staff.Maintainer)
	Auditor        = Who(staff.Auditor)
	Stranger       = Who(KindStranger)
	Console        = Who(KindConsole)
	Gateway        = Who(KindGateway)
	Wake           = Who(KindWake)
	Outbox         = Who(KindOutbox)
	TerminalItself = Who(KindTerminal)
	CommandLine    = Who(KindCommandLine)

	// A client is as many holders as it has scopes.
	ClientReader  = Who(clientPrefix + string(client.Read))
	ClientVoice   = Who(clientPrefix + string(client.Voice))
	ClientWebhook = Who(clientPrefix + string(client.Webhook))
	ClientEIDO    = Who(clientPrefix + string(client.EIDO))
	ClientConsole = Who(clientPrefix + string(client.Console))
)

const clientPrefix = "client:"

// Holders returns every holder in the order of the table's columns.
func Holders() []Who {
	return []Who{
		Dispatcher, Supervisor, Maintainer, Auditor,
		Stranger, Console, Gateway, Wake, Outbox, TerminalItself, CommandLine,
		ClientReader, ClientVoice, ClientWebhook, ClientEIDO, ClientConsole,
	}
}

// Declaration is one row of the table of rights.
type Declaration struct {
	Right Right
	Title string // as a fire chief reads it
	Who   []Who  // who holds it; New refuses to start when the policy text says otherwise
}

// everybody is every person, whatever the role.
func everybody(more ...Who) []Who {
	return append([]Who{Dispatcher, Supervisor, Maintainer, Auditor}, more...)
}

// anyClient is every client, whatever its scopes.
func anyClient(more ...Who) []Who {
	return append([]Who{ClientReader, ClientVoice, ClientWebhook, ClientEIDO, ClientConsole}, more...)
}

// desk is whoever works reports.
func desk(more ...Who) []Who { return append([]Who{Dispatcher, Supervisor}, more...) }

// Rights is the one table of rights. It says the same as policies.cedar, in
// another way, so that a slip in either is found before anything starts.
func Rights() []Declaration {
	return slices.Concat(seatRights(), reportRights(), incidentRights(), deskRights(), screenRights(), houseRights(), clientRights(), recordingRights(), machineRights())
}

func seatRights() []Declaration {
	return []Declaration{
		{PageRead, "画面の部品（HTML・文字・音）を受け取る。内容は含まない", everybody(anyClient(Stranger, Console)...)},
		{HealthRead, "稼働状態を見る。通報の内容は含まない", everybody(anyClient(Stranger, Console, CommandLine)...)},
		{ConsoleJoin, "登録コードを入力してこの画面を指令台にする", []Who{Stranger, Console}},
		{ConsoleRead, "指令台の一覧と在席を見る", everybody(CommandLine)},
		{ConsoleEnrol, "指令台の登録コードを発行する", []Who{Supervisor, Maintainer, CommandLine}},
		{ConsoleRevoke, "指令台の登録を取り消す", []Who{Supervisor, Maintainer, CommandLine}},
		{SessionOpen, "登録済みの指令台でログインする", everybody(Console, ClientConsole)},
		{SessionRead, "自分の席と氏名を確かめる", everybody(anyClient(Console)...)},
		{SessionTouch, "画面が開いている間、ログインを保つ", everybody()},
		{SessionClose, "ログアウトする", everybody()},
		{SessionRevoke, "他の人のログインを取り消す", []Who{Supervisor, CommandLine}},
		{PersonRead, "職員の一覧を見る", []Who{Supervisor, Auditor, CommandLine}},
		{PersonManage, "職員を登録し、役割を変え、停止する（自分自身は除く）", []Who{Supervisor, CommandLine}},
		{PasswordSet, "自分のパスワードを変える", everybody(CommandLine)},
	}
}

func reportRights() []Declaration {
	return []Declaration{
		{BoardRead, "通報一覧（ボード）を見る", desk(ClientReader)},
		{FeedRead, "変化の知らせを受ける。通報の内容は report.read を持つ人だけに付く", everybody(ClientReader)},
		{FeedConfirm, "画面に表示し終えたことを知らせる", desk()},
		{ReportList, "通報の一覧（過去分を含む）を見る", desk(ClientReader)},
		{ReportRead, "通報の内容を見る", desk(ClientReader)},
		{ReportMedical, "通報に付いた医療情報（厳秘）を見る", desk()},
		{ReportSearch, "電話番号で通報を探す", desk(ClientReader)},
		{ReportOpen, "通報を開く（視認として記録される）", desk()},
		{ReportClaim, "通報を受け付ける", desk()},
		{ReportRelease, "受付を手放す", desk()},
		{ReportClose, "通報を理由を付けて終わらせる", desk()},
		{ChatSend, "通報者へ文字を送る", desk()},
		{MediaRead, "画像・動画を見る", desk(ClientReader)},
		{DataRequest, "専用端末へデータを要求する", desk()},
		{SnippetRead, "チャットの定型文を使う", desk()},
		{SnippetManage, "チャットの定型文を書き換える", []Who{Supervisor}},
		{MediaRequest, "通報者の電話へ映像のリンクを送らせる", desk()},
		{CallRecord, "通報について電話したことを記録する", desk()},
		{CallerCallBack, "通報者への呼び返しをサービスに頼む", desk()},
		{GuideSend, "応急手当の動画を通報者に見せる", desk()},
		{LiveView, "ライブ映像を見る（だれが見たかは記録される）", desk()},
	}
}

func incidentRights() []Declaration {
	return []Declaration{
		{IncidentRead, "事案と、まとまりの候補を見る", desk(ClientReader)},
		{IncidentJoin, "通報や音声通話を事案にまとめ、外し、候補を退ける", desk()},
		{IncidentClose, "事案を終わらせる", desk()},
		{VoiceCallRead, "音声通話の知らせ（番号・場所）を見る", desk(ClientReader)},
		{VoiceCallNotice, "音声通話の知らせを入れる。音声そのものは扱わない", desk(ClientVoice)},
		{ReportTransfer, "通報を他の消防本部へ転送し、取り下げ、届いた転送を断る", desk()},
		{TransferCarry, "転送した通報の進みと発言を相手の消防本部から受け取る", []Who{Gateway}},
		{PartnerRead, "転送先の消防本部の一覧を見る", desk(Maintainer, CommandLine)},
		{PartnerManage, "転送先の消防本部を登録し、取り消す", []Who{Maintainer, CommandLine}},
	}
}

func houseRights() []Declaration {
	return []Declaration{
		{TerminalRead, "専用端末と回線の状態を見る", everybody(CommandLine, ClientReader)},
		{TerminalEnrol, "専用端末を登録する", []Who{Maintainer, CommandLine}},
		{TerminalRevoke, "専用端末の登録を取り消す", []Who{Maintainer, CommandLine}},
		{MapRead, "本部の地図を見る。通報の内容は含まない", everybody(CommandLine)},
		{MapManage, "本部の地図ファイルを取り込み、取り外す", []Who{CommandLine}},
		{LogRead, "証跡を読む。通報の内容は証跡に含まれない", []Who{Auditor, CommandLine}},
		{LogVerify, "証跡が改変されていないことを確かめる", []Who{Supervisor, Maintainer, Auditor, CommandLine}},
		{LogCheckpoint, "証跡の要約に署名し、外へ写す", []Who{Wake, CommandLine}},
	}
}

func clientRights() []Declaration {
	return []Declaration{
		{ClientRead, "接続システムの一覧と最終使用を見る", []Who{Supervisor, Maintainer, Auditor, CommandLine}},
		{ClientManage, "接続システムを登録し、資格情報を発行し、取り消す", []Who{Supervisor, CommandLine}},
		{ClientUse, "接続システムの資格情報が使われたことを記録する", anyClient()},
		{WebhookManage, "変化の知らせの届け先を登録し、止める", []Who{Supervisor, CommandLine, ClientWebhook}},
		{WebhookQueue, "変化の知らせを送信待ちに入れる", []Who{Outbox}},
		{EidoRead, "通報を EIDO（他の指令センターとの共通形式）で見る・受ける", desk(ClientReader, ClientEIDO)},
		{AnswerKeep, "同じ要求が二度届いたときのために、答えを一日保管する", everybody(anyClient(Console)...)},
		{AnswerForget, "一日たった答えを消す", []Who{Wake}},
		{WebhookReplay, "知らせを、ある時点から届け直す", []Who{Supervisor, Maintainer, CommandLine}},
	}
}

func machineRights() []Declaration {
	return []Declaration{
		{ReportArrive, "通報・チャット・画像・状態を受信して保管する", []Who{Gateway}},
		{ReportIntegrate, "指令台への表示完了（統合）を記録する", desk()},
		{ReportEscalate, "受付のない通報の呼出しを強める", []Who{Wake}},
		{ReportUnheard, "どの指令台も鳴らなかった通報を端末と警報へ回す", []Who{Wake}},
		{ReportSilent, "応答の途絶えた通報に印を付ける（終わらせるのは人だけ）", []Who{Wake}},
		{MediaKeep, "取り寄せた画像・映像を保管し、表示用に作り直し、問題のあるものを隔離する", []Who{Gateway}},
		{MediaDispose, "保存期間の過ぎた画像・映像を廃棄する（あった事実は証跡に残る）", []Who{Wake}},
		{DataAnswer, "データ要求への答えを保管する", []Who{Gateway}},
		{MessageDeliver, "端末・外部へ送った知らせの結果を記録する", []Who{Gateway, Outbox}},
		{TerminalLink, "専用端末との回線の状態を記録する", []Who{Gateway}},
		{TerminalRenew, "専用端末の証明書を更新する", []Who{Gateway}},
	}
}
