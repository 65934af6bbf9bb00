package open1

import "github.com/matoi119/matoi/stdif"

// The ways that are left to a caller whom the fire service has not noticed yet.
// They stand in every sentence before Seen that may last.
const (
	otherWaysJa = "急ぐときは、ほかの方法でも通報してください（電話で119番、近くの人に119番を頼む、ファックス119、電話リレーサービス）。"
	otherWaysEn = "If it is urgent, report in another way as well (call 119, ask somebody near you to call 119, FAX 119, the telephone relay service)."
)

// SayFor returns what a service may tell the caller about a report that has
// come this far; linked says whether the headquarters' link is up now. The
// sentences are part of the profile: the word 確認 stands only at Seen, because
// a machine that stored or painted a report has noticed nothing.
func SayFor(step stdif.AckStep, linked bool) Say {
	switch step {
	case stdif.Seen:
		return Say{Ja: "消防が確認しました。", En: "The fire service has seen your report."}
	case stdif.Refused:
		return Say{
			Ja: "消防に届きましたが、内容を機械で読み取れませんでした。" + otherWaysJa,
			En: "Your report arrived, but its content could not be read by machine. " + otherWaysEn,
		}
	case stdif.Integrated, stdif.Received:
		return sayArrived(step, linked)
	}
	if linked {
		return Say{
			Ja: "消防にはまだ届いていません。いま送っています。" + otherWaysJa,
			En: "Your report has not reached the fire service yet. It is being sent now. " + otherWaysEn,
		}
	}
	return Say{
		Ja: "消防にはまだ届いていません。消防署の端末に保管していますが、消防の指令システムとの回線が切れています。" + otherWaysJa,
		En: "Your report has not reached the fire service yet. It is kept in a terminal at the fire station, but the line to the command system is down. " + otherWaysEn,
	}
}

func sayArrived(step stdif.AckStep, linked bool) Say {
	s := Say{
		Ja: "消防に届きました。まだ人は見ていません。",
		En: "Your report has reached the fire service. Nobody has looked at it yet.",
	}
	if step == stdif.Integrated {
		s = Say{
			Ja: "消防の画面に表示されました。まだ人は見ていません。",
			En: "Your report is on the screens of the fire service. Nobody has looked at it yet.",
		}
	}
	if !linked { // the newest step may be on the other side of a broken line
		s.Ja += "いま回線が切れているため、新しい状況はわかりません。" + otherWaysJa
		s.En += " The line is down now, so newer news cannot come. " + otherWaysEn
	}
	return s
}
