package agent

import (
	"net"
	"sync"
)

// conns is a set of connections.
type conns struct {
	mu  sync.Mutex
	set map[net.Conn]bool
}

func newConns() *conns { return &conns{set: map[net.Conn]bool{}} }

func (c *conns) add(n net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set[n] = true
}

// remove reports whether the connection was in the set.
func (c *conns) remove(n net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.set[n]
	delete(c.set, n)
	return was
}
