package sandbox

import "golang.org/x/sys/unix"

const audit = unix.AUDIT_ARCH_X86_64

// old are calls that only this architecture still has and libraries use.
var old = [...]uintptr{
	unix.SYS_OPEN, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_POLL, unix.SYS_SELECT,
	unix.SYS_DUP2, unix.SYS_PIPE, unix.SYS_ARCH_PRCTL, unix.SYS_GETDENTS, unix.SYS_TIME, unix.SYS_EPOLL_WAIT,
}
