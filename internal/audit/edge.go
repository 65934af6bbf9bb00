package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Node is one stored hash of the tree, by tlog's index.
type Node struct {
	Index int64
	Hash  tlog.Hash
}

// Edge is the right edge of the tree: the last complete node of each level.
// That is all an append or a root needs, so neither reads the store. The zero
// Edge is an empty tree.
type Edge struct {
	size  int64
	level [63]tlog.Hash // level[l] is node (size>>l)-1 of level l, valid when that is not negative
}

// Size is the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Append adds a leaf and returns the hashes to store with it.
func (e *Edge) Append(leaf []byte) ([]Node, error) {
	n := e.size
	hashes, err := tlog.StoredHashes(n, leaf, tlog.HashReaderFunc(e.read))
	if err != nil {
		return nil, fmt.Errorf("append leaf %d: %w", n, err)
	}
	nodes := make([]Node, len(hashes))
	first := tlog.StoredHashIndex(0, n)
	for l, h := range hashes {
		nodes[l] = Node{Index: first + int64(l), Hash: h}
		e.level[l] = h
	}
	e.size++
	return nodes, nil
}

// Root is the tree's hash now.
func (e *Edge) Root() (tlog.Hash, error) {
	return tlog.TreeHash(e.size, tlog.HashReaderFunc(e.read))
}

func (e *Edge) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		l, n := tlog.SplitStoredHashIndex(x)
		if n != (e.size>>l)-1 {
			return nil, fmt.Errorf("node %d of level %d is not on the edge of %d leaves", n, l, e.size)
		}
		out[i] = e.level[l]
	}
	return out, nil
}

// EdgeIndexes lists the nodes that make up the edge of a tree of that size, by
// level from the leaves up; LoadEdge takes their hashes in the same order.
func EdgeIndexes(size int64) []int64 {
	var out []int64
	for l := 0; size>>l > 0; l++ {
		out = append(out, tlog.StoredHashIndex(l, (size>>l)-1))
	}
	return out
}

// LoadEdge makes the edge of a stored tree.
func LoadEdge(size int64, hashes []tlog.Hash) (*Edge, error) {
	if want := len(EdgeIndexes(size)); want != len(hashes) {
		return nil, fmt.Errorf("edge of %d leaves: %d of %d nodes are there", size, len(hashes), want)
	}
	e := &Edge{size: size}
	copy(e.level[:], hashes)
	return e, nil
}
