//go:build unix

package testportal

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp reports whether a connection's other end has closed it, also where the
// server has not come to see that yet. It reads nothing.
func hungUp(conn net.Conn) bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	c, err := raw.SyscallConn()
	if err != nil {
		return true // it is closed on this side
	}
	gone := false
	err = c.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		gone = n == 0 && err == nil || err != nil && err != unix.EAGAIN && err != unix.EINTR
	})
	return gone || err != nil
}
