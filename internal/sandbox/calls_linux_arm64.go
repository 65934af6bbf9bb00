package sandbox

import "golang.org/x/sys/unix"

const audit = unix.AUDIT_ARCH_AARCH64

// old are calls that only some architectures still have; this one has none.
var old [0]uintptr
