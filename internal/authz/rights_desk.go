package authz

// Rights on claims, on the missed panel, on shifts and on paper.
const (
	ReportRaise       Right = "report.raise"
	ReportEnter       Right = "report.enter"
	ClaimTakeOver     Right = "claim.takeover"
	ClaimOverride     Right = "claim.override"
	ClaimOffer        Right = "claim.offer"
	ClaimAccept       Right = "claim.accept"
	ClaimWatch        Right = "claim.watch"
	MissedRead        Right = "missed.read"
	MissedAcknowledge Right = "missed.acknowledge"
	ShiftRead         Right = "shift.read"
	ShiftKeep         Right = "shift.keep"
	ShiftHandOver     Right = "shift.hand-over"
	BoardPrint        Right = "board.print"
	BoardExport       Right = "board.export"
)

func deskRights() []Declaration {
	return []Declaration{
		{ReportRaise, "訓練・試験の通報を、理由を付けて実災害へ切り替える（逆はできない）", desk()},
		{ReportEnter, "停止中に紙で受けた通報を、元の時刻で後から入力する", desk()},
		{ClaimTakeOver, "応答のない指令台の受付を、理由を付けて引き取る", desk()},
		{ClaimOverride, "応答のある指令台の受付を、理由を付けて引き取る", []Who{Supervisor}},
		{ClaimOffer, "受付を他の指令台へ差し出し、取り下げる", desk()},
		{ClaimAccept, "差し出された受付を引き受け、または断る", desk()},
		{ClaimWatch, "応答の途絶えた指令台の受付に印を付け、戻れば外す（取り上げることはない）", []Who{Wake}},
		{MissedRead, "取りこぼしの一覧を見る", desk()},
		{MissedAcknowledge, "取りこぼしを、結果を付けて確認済みにする", desk()},
		{ShiftRead, "勤務と引継ぎを見る", everybody()},
		{ShiftKeep, "勤務を始め、終え、呼出音を確かめ、音量を変える（下限あり）", everybody()},
		{ShiftHandOver, "勤務を引き継ぐ", desk()},
		{BoardPrint, "受信中の一覧を印刷する（個人情報が紙に出る）", desk()},
		{BoardExport, "受信中の一覧を決まった間隔でファイルへ書き出したことを記録する", []Who{Wake}},
	}
}
