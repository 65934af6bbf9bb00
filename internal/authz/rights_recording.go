package authz

// Rights on recordings of screens and on drills.
const (
	DrillLead          Right = "drill.lead"
	DrillStop          Right = "drill.stop"
	ScreenRecordPolicy Right = "screen.record.policy"
	RecordingRead      Right = "recording.read"
	RecordingLook      Right = "recording.look"
	RecordingExport    Right = "recording.export"
	RecordingKeep      Right = "recording.keep"
	RecordingDispose   Right = "recording.dispose"
)

func recordingRights() []Declaration {
	return []Declaration{
		{DrillLead, "訓練のため、理由を付けて専用端末との回線を一時的に断ち、結果を残す（実災害の通報が残る間はできない）", []Who{Maintainer, CommandLine}},
		{DrillStop, "訓練の回線断をやめ、すぐに回線を戻す", []Who{Dispatcher, Supervisor, Maintainer, Gateway, CommandLine}},
		{ScreenRecordPolicy, "専用端末の画面を録画するかどうかを、理由を付けて決める", []Who{Supervisor}},
		{RecordingRead, "録画の一覧と、誰が見たかを見る。映像は含まない", []Who{Supervisor, Auditor}},
		{RecordingLook, "録画の映像を見る（見たことが証跡に残る）", []Who{Supervisor}},
		{RecordingExport, "録画を動画ファイルとして取り出す（取り出したことが証跡に残る）", []Who{Supervisor}},
		{RecordingKeep, "決められた専用端末の画面を録画し、終わりと理由を記録する", []Who{Gateway}},
		{RecordingDispose, "保存期間の過ぎた録画を廃棄する", []Who{Wake}},
	}
}
