package store

import "context"

// OpenUnlogged opens a store that writes no evidence, for the benchmark alone.
func OpenUnlogged(ctx context.Context, c Config, keys Sealer) (*Store, error) {
	return open(ctx, c, keys, true)
}
