//go:build amd64 || arm64

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// harden makes a child that ends with us.
func harden(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// confine takes everything away from this process but computing, and the files
// that are open already. It needs no privilege and works as root.
func confine() error {
	if err := limit(memoryLimit, 0, cpuSeconds); err != nil {
		return err
	}
	return filter(computing[:])
}

// limit sets the bounds that the kernel keeps by itself.
func limit(memory, fileSize, cpu uint64) error {
	for what, most := range map[int]uint64{
		unix.RLIMIT_DATA: memory, unix.RLIMIT_CPU: cpu, unix.RLIMIT_FSIZE: fileSize, unix.RLIMIT_CORE: 0,
		unix.RLIMIT_NOFILE: 64, unix.RLIMIT_MEMLOCK: 0, unix.RLIMIT_MSGQUEUE: 0,
	} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("sandbox: limit %d: %w", what, err)
		}
	}
	return nil
}

// computing are the system calls that a Go program needs for reading what is
// open, computing and writing what is open. Opening, connecting, starting and
// signalling others are not among them.
var computing = [...]uintptr{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_LSEEK,
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MREMAP, unix.SYS_BRK,
	unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP,
	unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY, unix.SYS_GETRANDOM,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETTID, unix.SYS_GETPID, unix.SYS_TGKILL, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_FCNTL,
	unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SETITIMER, unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE,
	unix.SYS_GETRUSAGE, unix.SYS_PRCTL,
}

// running are those that a program of somebody else needs beyond that, to load
// its libraries and read its input; what it may open is left to landlock.
var running = [...]uintptr{
	unix.SYS_EXECVE, unix.SYS_OPENAT, unix.SYS_NEWFSTATAT, unix.SYS_STATX, unix.SYS_PREAD64, unix.SYS_PWRITE64, unix.SYS_FTRUNCATE,
	unix.SYS_GETDENTS64, unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_GETCWD,
	unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_PIPE2, unix.SYS_IOCTL, unix.SYS_PPOLL, unix.SYS_PSELECT6, unix.SYS_FSYNC,
	unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_GETPPID,
	unix.SYS_SET_TID_ADDRESS, unix.SYS_PRLIMIT64, unix.SYS_SCHED_GETPARAM, unix.SYS_SCHED_GETSCHEDULER, unix.SYS_RT_SIGTIMEDWAIT,
	unix.SYS_GET_MEMPOLICY, unix.SYS_FADVISE64, unix.SYS_TIMES, unix.SYS_GETCPU,
}

// Of linux/bpf_common.h, linux/seccomp.h and linux/sched.h.
const (
	loadWord     = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpIfEqual  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpIfBits   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	answer       = unix.BPF_RET | unix.BPF_K
	atNumber     = 0
	atArch       = 4
	atFirst      = 16 // low half of the first argument
	cloneThread  = unix.CLONE_THREAD
	allow        = unix.SECCOMP_RET_ALLOW
	refuse       = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown      = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	kill         = unix.SECCOMP_RET_KILL_PROCESS
	modeFilter   = unix.SECCOMP_SET_MODE_FILTER
	everyThread  = unix.SECCOMP_FILTER_FLAG_TSYNC
	archOfBinary = audit
)

// filter lets only the given system calls through, for every thread. New threads
// may begin, new processes may not.
func filter(calls []uintptr) error {
	prog := []unix.SockFilter{
		{Code: loadWord, K: atArch},
		{Code: jumpIfEqual, K: archOfBinary, Jt: 1},
		{Code: answer, K: kill},
		{Code: loadWord, K: atNumber},
		// clone3 hides its flags behind a pointer: libraries then use clone.
		{Code: jumpIfEqual, K: uint32(unix.SYS_CLONE3), Jf: 1},
		{Code: answer, K: unknown},
		{Code: jumpIfEqual, K: uint32(unix.SYS_CLONE), Jf: 4},
		{Code: loadWord, K: atFirst},
		{Code: jumpIfBits, K: cloneThread, Jf: 1},
		{Code: answer, K: allow},
		{Code: answer, K: refuse},
	}
	for _, nr := range calls {
		prog = append(prog, unix.SockFilter{Code: jumpIfEqual, K: uint32(nr), Jf: 1}, unix.SockFilter{Code: answer, K: allow})
	}
	prog = append(prog, unix.SockFilter{Code: answer, K: refuse})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("sandbox: no new privileges: %w", err)
	}
	p := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	if stuck, _, errno := unix.Syscall(unix.SYS_SECCOMP, modeFilter, everyThread, uintptr(unsafe.Pointer(&p))); errno != 0 || stuck != 0 {
		return fmt.Errorf("sandbox: filter of system calls: %w", errno)
	}
	runtime.KeepAlive(prog)
	return nil
}

// readable are what a program of somebody else may read and run: the system's
// own programs and libraries. Nothing below /etc, /home, /var or the data.
var readable = [...]string{"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"}

// fence takes the file system and the network away from this thread and from
// what it becomes (landlock).
func fence() error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return fmt.Errorf("sandbox: the kernel has no landlock: %w", errno)
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1} // all of the first version
	if version >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("sandbox: landlock: %w", errno)
	}
	defer unix.Close(int(set)) //nolint:errcheck // nothing was written to it
	for _, name := range readable {
		if err := admit(int(set), name); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("sandbox: no new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return fmt.Errorf("sandbox: landlock: %w", errno)
	}
	return nil
}

func admit(set int, name string) error {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // not every machine has each of them
	}
	if err != nil {
		return fmt.Errorf("sandbox: %s: %w", name, err)
	}
	defer unix.Close(fd) //nolint:errcheck // opened for its path alone
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("sandbox: %s: %w", name, err)
	}
	rule := unix.LandlockPathBeneathAttr{Parent_fd: int32(fd), Allowed_access: unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE}
	if stat.Mode&unix.S_IFMT == unix.S_IFDIR {
		rule.Allowed_access |= unix.LANDLOCK_ACCESS_FS_READ_DIR
	}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("sandbox: landlock: %s: %w", name, errno)
	}
	return nil
}

// maxFile is how long a file may become that another program writes.
const maxFile = 320 << 20

// execConfined becomes another program under limits, landlock and filter. It
// returns only when it could not.
func execConfined(argv []string, cpu uint64) error {
	runtime.LockOSThread() // landlock is of one thread: the one that becomes the program
	if err := confineExec(cpu); err != nil {
		return err
	}
	return unix.Exec(argv[0], argv, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"})
}

func confineExec(cpu uint64) error {
	if err := limit(memoryLimit, maxFile, cpu); err != nil {
		return err
	}
	if err := fence(); err != nil {
		return err
	}
	return filter(append(append([]uintptr{}, computing[:]...), append(running[:], old[:]...)...))
}

// check confines this process and then tries what it must not be able to do.
func check(out io.Writer) int {
	if err := confine(); err != nil {
		fmt.Fprint(out, err)
		return 1
	}
	if what := escape("/proc/self/exe"); what != "" {
		fmt.Fprint(out, what)
		return 1
	}
	fmt.Fprint(out, checkPassed)
	return 0
}

// checkExec does the same for programs of somebody else; secret is a file that
// they must not be able to read.
func checkExec(secret string, out io.Writer) int {
	runtime.LockOSThread()
	if err := confineExec(cpuSeconds); err != nil {
		fmt.Fprint(out, err)
		return 1
	}
	if what := escape(secret); what != "" {
		fmt.Fprint(out, what)
		return 1
	}
	fmt.Fprint(out, checkPassed)
	return 0
}

// escape tries to open a file, to write one, to connect, to start a process, to
// take too much memory and to signal somebody, and says what it could do.
func escape(file string) string {
	if fd, err := unix.Open(file, unix.O_RDONLY, 0); err == nil {
		_ = unix.Close(fd)
		return "it opened a file"
	}
	if fd, err := unix.Open(os.TempDir()+"/matoi-escape", unix.O_CREAT|unix.O_WRONLY, 0o600); err == nil {
		_ = unix.Close(fd)
		return "it made a file"
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6, unix.AF_UNIX, unix.AF_NETLINK} {
		if fd, err := unix.Socket(family, unix.SOCK_STREAM, 0); err == nil {
			_ = unix.Close(fd)
			return "it opened a socket"
		}
	}
	if pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0); errno == 0 {
		if pid == 0 {
			unix.Exit(0)
		}
		return "it started a process"
	}
	if b, err := unix.Mmap(-1, 0, 2*memoryLimit, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE); err == nil {
		_ = unix.Munmap(b)
		return "it took more memory than its limit"
	}
	if err := unix.Kill(1, 0); err == nil {
		return "it signalled another process"
	}
	return ""
}

// memory makes a file that lies in memory alone and is closed like any other.
func memory(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("sandbox: memory: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
