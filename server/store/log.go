package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
)

// The kinds of entries.
const (
	kindReceipt = "receipt"
	kindErasure = "erasure"
	kindEdition = "edition"
	kindBranch  = "branch"
	kindKey     = "key"
)

// entry is a row of the log.
type entry struct {
	index     int64
	kind      string
	id        any // string, nil but for a receipt
	received  any // seconds since 1970, nil but for a receipt
	salt      []byte
	body      []byte
	signature []byte
	leaf      tlog.Hash
}

// head is the state of the log within a transaction that has locked it.
type head struct {
	size             int64
	receipts, erased int64      // receipts counts the erased ones, too
	hashes           treeHashes // the edge, and what is added to it
}

// treeHashes are hashes of complete subtrees by their place, which is what tlog
// calls the index of a stored hash.
type treeHashes map[int64]tlog.Hash

// ReadHashes makes t a tlog.HashReader.
func (t treeHashes) ReadHashes(places []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(places))
	for i, place := range places {
		hash, found := t[place]
		if !found {
			return nil, fmt.Errorf("there is no hash %d", place)
		}
		list[i] = hash
	}
	return list, nil
}

// errHead says that the head of the log does not hold together.
var errHead = errors.New("the head of the log was changed by another program; verify the log")

// lockHead reads the head of the log and keeps others from adding to it until
// the transaction ends.
func (d *database) lockHead(ctx context.Context, tx querier) (*head, error) {
	return readHead(ctx, tx, d.forUpdate)
}

func readHead(ctx context.Context, q querier, forUpdate string) (*head, error) {
	h := new(head)
	var edge []byte
	err := q.QueryRowContext(ctx, `SELECT size, edge, receipts, erased FROM head WHERE one = 1`+forUpdate).
		Scan(&h.size, &edge, &h.receipts, &h.erased)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errHead
	}
	if err != nil {
		return nil, fmt.Errorf("read head of the log: %w", err)
	}
	places := peaks(h.size)
	if len(edge) != len(places)*tlog.HashSize {
		return nil, errHead
	}
	h.hashes = make(treeHashes)
	for i, place := range places {
		h.hashes[place] = tlog.Hash(edge[i*tlog.HashSize:][:tlog.HashSize])
	}
	return h, nil
}

// peaks returns the places of the complete subtrees of which a tree of that size
// is made, the largest first: one for each bit of size.
func peaks(size int64) []int64 {
	var places []int64
	for level := 62; level >= 0; level-- {
		if size>>level&1 == 1 {
			places = append(places, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	return places
}

// grow adds a leaf and returns the hashes that it completes, 32 bytes each.
func (h *head) grow(leaf tlog.Hash) ([]byte, error) {
	hashes, err := tlog.StoredHashesForRecordHash(h.size, leaf, h.hashes)
	if err != nil {
		return nil, err
	}
	var flat []byte
	for level, hash := range hashes {
		h.hashes[tlog.StoredHashIndex(level, h.size>>level)] = hash
		flat = append(flat, hash[:]...)
	}
	h.size++
	return flat, nil
}

func (h *head) edge() []byte {
	edge := []byte{}
	for _, place := range peaks(h.size) {
		hash := h.hashes[place]
		edge = append(edge, hash[:]...)
	}
	return edge
}

func (h *head) tree() (tlog.Tree, error) {
	root, err := tlog.TreeHash(h.size, h.hashes)
	return tlog.Tree{N: h.size, Hash: root}, err
}

// add puts entries at the end of the log and signs a checkpoint over them.
func (s *Store) add(ctx context.Context, tx querier, h *head, entries []*entry) error {
	return s.addSigned(ctx, tx, h, entries, s.key)
}

func (s *Store) addSigned(ctx context.Context, tx querier, h *head, entries []*entry, key *receipt.Key) error {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		e.index = h.size
		hashes, err := h.grow(e.leaf)
		if err != nil {
			return fmt.Errorf("grow tree: %w", err)
		}
		rows[i] = []any{e.index, e.kind, e.id, e.received, e.salt, e.body, e.signature, hashes}
		if e.kind == kindReceipt {
			h.receipts++
		}
	}
	err := s.db.insert(ctx, tx, `entries (idx, kind, id, received, salt, body, signature, hashes)`, ``, rows)
	if err != nil {
		return fmt.Errorf("add entries: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE head SET size = $1, edge = $2, receipts = $3, erased = $4 WHERE one = 1`,
		h.size, h.edge(), h.receipts, h.erased)
	if err != nil {
		return fmt.Errorf("move head of the log: %w", err)
	}
	_, err = sign(ctx, tx, h, key)
	return err
}

// sign signs the log as it is and keeps the checkpoint.
func sign(ctx context.Context, tx querier, h *head, key *receipt.Key) (checkpoint string, err error) {
	tree, err := h.tree()
	if err != nil {
		return "", fmt.Errorf("hash tree: %w", err)
	}
	checkpoint, err = key.Checkpoint(tree)
	if err != nil {
		return "", fmt.Errorf("sign checkpoint: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO checkpoints (size, note) VALUES ($1, $2)`, tree.N, []byte(checkpoint))
	if err != nil {
		return "", fmt.Errorf("keep checkpoint: %w", err)
	}
	return checkpoint, nil
}

// trust checks that the log is what was signed last, before anything is signed
// on top of it: a key that signs what it has not seen proves nothing.
func (s *Store) trust(ctx context.Context, tx querier, h *head) error {
	return trust(ctx, tx, h, s.keyOf(h.size))
}

func trust(ctx context.Context, tx querier, h *head, verifier string) error {
	tree, err := h.tree()
	if err != nil {
		return fmt.Errorf("hash tree: %w", err)
	}
	var signed []byte
	err = tx.QueryRowContext(ctx, `SELECT note FROM checkpoints WHERE size = $1`, h.size).Scan(&signed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	if err := checkSigner(verifier, string(signed)); err != nil {
		return err
	}
	if last, err := receipt.OpenCheckpoint(verifier, string(signed)); err != nil || last != tree {
		return fmt.Errorf("the log of %d entries is not what was signed: it was changed by another program; verify it", h.size)
	}
	return nil
}

// GoesOnFrom checks that the log holds all that it held at a checkpoint that was
// kept elsewhere, or says of that very checkpoint what of it is lost ([Store.Branch]).
// It fails with [ErrCut] where it does neither. It compares hashes alone: whether the
// content is still what they commit to is for [Store.Verify].
func (s *Store) GoesOnFrom(ctx context.Context, checkpoint string) error {
	kept, err := s.openCheckpoint(checkpoint)
	if err != nil {
		return fmt.Errorf("the kept checkpoint: %w", err)
	}
	cut := s.holds(ctx, kept)
	if !errors.Is(cut, ErrCut) {
		return cut
	}
	branches, err := s.branches(ctx, s.db.read)
	if err != nil {
		return err
	}
	if known, err := s.isLost(branches, kept); err != nil || known {
		return err
	}
	return cut
}

// holds checks that the log holds all that it held when it was that tree. It fails
// with [ErrCut] where it does not.
func (s *Store) holds(ctx context.Context, kept tlog.Tree) error {
	h, err := readHead(ctx, s.db.read, "")
	if err != nil {
		return err
	}
	if h.size < kept.N {
		return fmt.Errorf("%w: it has %d entries, and had %d", ErrCut, h.size, kept.N)
	}
	root, err := tlog.TreeHash(kept.N, s.storedHashes(ctx))
	if err != nil {
		return fmt.Errorf("hash tree of %d entries: %w", kept.N, err)
	}
	if root != kept.Hash {
		return fmt.Errorf("%w: its first %d entries are others", ErrCut, kept.N)
	}
	return nil
}

// Checkpoint returns the newest signed checkpoint of the log.
func (s *Store) Checkpoint(ctx context.Context) (string, error) {
	return checkpoint(ctx, s.db.read, `DESC`, math.MaxInt64)
}

func (s *Store) firstCheckpoint(ctx context.Context, q querier) (string, error) {
	return checkpoint(ctx, q, `ASC`, math.MaxInt64)
}

// checkpoint returns the first or the last checkpoint, of at most that many entries.
func checkpoint(ctx context.Context, q querier, order string, most int64) (string, error) {
	var signed []byte
	err := q.QueryRowContext(ctx, `SELECT note FROM checkpoints WHERE size <= $1 ORDER BY size `+order+` LIMIT 1`, most).Scan(&signed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("checkpoint: %w", ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("read checkpoint: %w", err)
	}
	return string(signed), nil
}
