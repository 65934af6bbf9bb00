package authz

// Rights on terminals' screens. Each kind of input is a right of its own; the
// gateway asks for them with every message.
const (
	ScreenView      Right = "screen.view"
	ScreenOperate   Right = "screen.operate"
	ScreenKeyboard  Right = "screen.keyboard"
	ScreenPointer   Right = "screen.pointer"
	ScreenClipboard Right = "screen.clipboard"
	ScreenPreempt   Right = "screen.preempt"
	ScreenMirror    Right = "screen.mirror"
	ScreenCarry     Right = "screen.carry"
)

func screenRights() []Declaration {
	return []Declaration{
		{ScreenView, "専用端末の画面を見る（一度に一つの指令台だけ。だれが見たかは記録される）", desk()},
		{ScreenOperate, "専用端末の画面を操作する（一度に一つの指令台だけ）", desk()},
		{ScreenKeyboard, "専用端末へ鍵盤の入力を送る", desk()},
		{ScreenPointer, "専用端末へマウスの操作を送る", desk()},
		{ScreenClipboard, "専用端末とコピー・貼付けをやり取りする", desk()},
		{ScreenPreempt, "他の指令台が使っている専用端末の画面を、理由を付けて引き取る", []Who{Supervisor}},
		{ScreenMirror, "自分が使っている専用端末の画面の写しを、他の指令台に見せる", desk()},
		{ScreenCarry, "専用端末の画面の占有を、期限切れや切断で終わらせ、操作の数を記録する", []Who{Gateway}},
	}
}
