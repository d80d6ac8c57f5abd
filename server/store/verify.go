package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
)

// Verification is what a check of the whole log found.
type Verification struct {
	Size     int64   // entries of the log
	From     int64   // the first entry that was looked at
	Receipts int64   // of those that were, with their content
	Erased   int64   // of those that were, whose content was erased
	Faults   []Fault // none: nothing was changed
	Badly    []Badly // written by this program, and so no fault
	Turns    []Turn  // where the log says of itself that it did not simply go on
}

// Turn is an entry with which the log says that it goes on otherwise than before.
type Turn struct {
	Index  int64
	Key    *Handover // nil, or the key that signs from the next entry on
	Branch *Branch   // nil, or what is missing
	Lost   int64     // how many entries there were before the branch, as far as is known; 0: nobody knows
}

// Badly is a receipt that this program signed in other bytes than it would now;
// see receipt.Receipt.IsBadlyWritten.
type Badly struct {
	Index int64
	ID    string
}

// badlyWritten is what is said of such a receipt.
const badlyWritten = "badly written by an earlier version of this program, and as it was signed"

// Fault is something in the log that this program did not write.
type Fault struct {
	Index, Last int64 // the entry, or the first and the last of those among which it is
	What        string
}

// String says where the fault is and what.
func (f Fault) String() string {
	if f.Index == f.Last {
		return fmt.Sprintf("entry %d: %s", f.Index, f.What)
	}
	return fmt.Sprintf("entries %d to %d: %s", f.Index, f.Last, f.What)
}

// maxFaults ends a check that has found enough: after a foreign hand has
// rewritten the whole log, there is one in each of millions of entries.
const maxFaults = 1000

// verifyPage is how many entries a check holds in memory.
const verifyPage = 512

// Verify checks the whole log, and since, a checkpoint that was taken from it
// earlier, or "". It finds
//
//   - content that is not what the entry's leaf commits to, that is not signed, or
//     whose id or time is not the one it is filed under;
//   - entries that were removed or put elsewhere, and hashes of the tree that do
//     not follow from those below them;
//   - checkpoints that are not signed, or not of this tree;
//   - content that is missing though no entry says that it was erased, and the
//     other way round;
//   - texts that visitors were shown and that are not as they were published;
//   - with since, a log that no longer holds all that it held then, even where
//     everything after some entry is gone and nothing in the database shows it;
//     unless an entry of the log says so of that very checkpoint ([Store.Branch]).
//
// It holds little in memory, and the log may grow while it runs. The error is
// the database's; what was changed is in the result.
func (s *Store) Verify(ctx context.Context, since string) (*Verification, error) {
	return s.verify(ctx, &verifier{}, since)
}

// VerifyFrom checks, as [Store.Verify] does, what was added to the log after a
// checkpoint, and that all of it still stands on what that one is of. What was
// changed before, without the hashes that stand for it, only Verify sees. It fails
// with [ErrCut] where the log does not go on from the checkpoint.
func (s *Store) VerifyFrom(ctx context.Context, from, since string) (*Verification, error) {
	tree, err := s.openCheckpoint(from)
	if err != nil {
		return nil, fmt.Errorf("the checkpoint to begin at: %w", err)
	}
	if err := s.holds(ctx, tree); err != nil {
		return nil, fmt.Errorf("the checkpoint to begin at: %w", err)
	}
	if since != "" {
		if err := s.GoesOnFrom(ctx, since); err != nil {
			return nil, fmt.Errorf("the earlier checkpoint: %w", err)
		}
	}
	// The hashes are those that the checkpoint was just compared with.
	places := peaks(tree.N)
	hashes, err := s.storedHashes(ctx).ReadHashes(places)
	if err != nil {
		return nil, err
	}
	v := &verifier{next: tree.N, signed: tree.N, edge: make(treeHashes)}
	for i, place := range places {
		v.edge[place] = hashes[i]
	}
	return s.verify(ctx, v, "")
}

func (s *Store) verify(ctx context.Context, v *verifier, since string) (*Verification, error) {
	v.store, v.result, v.edition = s, &Verification{From: v.next}, make(map[int64]*commitment)
	if v.edge == nil {
		v.edge = make(treeHashes)
	}
	if since != "" {
		tree, err := s.openCheckpoint(since)
		if err != nil {
			return nil, fmt.Errorf("the earlier checkpoint: %w", err)
		}
		v.since = &tree
	}
	if err := v.run(ctx); err != nil {
		return nil, fmt.Errorf("verify log: %w", err)
	}
	return v.result, nil
}

// verifier walks over the log, entry by entry. It takes the stored hashes for
// true once it has compared them with what lies below, so that one fault does
// not show everywhere above it.
type verifier struct {
	store  *Store
	result *Verification
	since  *tlog.Tree

	next    int64                 // the index of the next entry
	edge    treeHashes            // complete subtrees of the tree so far; without those that are unknown since an entry is missing
	signed  int64                 // the size of the last checkpoint that holds
	forked  bool                  // the last checkpoint did not fit
	empty   []span                // entries without content
	erasure []span                // what erasures name
	edition map[int64]*commitment // by entry
	unlike  *Fault                // the log is not that of since
}

func (v *verifier) fault(first, last int64, what string, args ...any) {
	v.result.Faults = append(v.result.Faults, Fault{first, last, fmt.Sprintf(what, args...)})
}

// someOf is the subject of a fault that is somewhere among entries.
func someOf(first, last int64) string {
	if first == last {
		return "it"
	}
	return "one of them"
}

func (v *verifier) full() bool { return len(v.result.Faults) >= maxFaults }

func (v *verifier) run(ctx context.Context) error {
	for {
		// Read before the entries, neither can know of more than they hold.
		h, err := readHead(ctx, v.store.db.read, "")
		if err != nil && !errors.Is(err, errHead) {
			return err
		}
		newest, err := v.newestCheckpoint(ctx)
		if err != nil {
			return err
		}
		page, err := v.page(ctx)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return v.finish(ctx, h, newest)
		}
		if err := v.walk(ctx, page); err != nil {
			return err
		}
		if v.full() {
			v.fault(v.next, v.next, "the check ends here, there are too many faults")
			return nil
		}
	}
}

// row is an entry as the database has it.
type row struct {
	index                       int64
	kind                        string
	id                          sql.NullString
	received                    sql.NullInt64
	salt, body, signature, flat []byte
	leaf                        tlog.Hash // of its content
	wrong                       string    // what is wrong with its content
	badly                       bool      // see Badly
	erasure                     *erasure
	edition                     *commitment
	branch                      *Branch
	handover                    *Handover
}

func (v *verifier) page(ctx context.Context) ([]*row, error) {
	rows, err := v.store.db.read.QueryContext(ctx,
		`SELECT idx, kind, id, received, salt, body, signature, hashes FROM entries WHERE idx >= $1 ORDER BY idx LIMIT $2`,
		v.next, verifyPage)
	if err != nil {
		return nil, err
	}
	var page []*row
	err = each(rows, func(rows *sql.Rows) error {
		r := new(row)
		page = append(page, r)
		return rows.Scan(&r.index, &r.kind, &r.id, &r.received, &r.salt, &r.body, &r.signature, &r.flat)
	})
	return page, err
}

func (v *verifier) walk(ctx context.Context, page []*row) error {
	v.store.inspect(page)
	checkpoints, err := v.checkpoints(ctx, v.next, page[len(page)-1].index+1)
	if err != nil {
		return err
	}
	for _, r := range page {
		if r.index > v.next {
			v.fault(v.next, r.index-1, "removed from the log")
			for ; v.next < r.index; v.next++ {
				v.lose()
			}
		}
		v.entry(r)
		v.next++
		if signed, found := checkpoints[v.next]; found {
			v.checkpoint(v.next, signed)
		}
		if v.since != nil && v.since.N == v.next && !v.isTree(*v.since) {
			v.unlike = &Fault{0, v.next - 1, "the log is not the one of the earlier checkpoint"}
		}
	}
	return nil
}

// inspect looks into the content of entries, on all processors: checking a
// signature takes longer than everything else.
func (s *Store) inspect(page []*row) {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < len(page); i += workers {
				page[i].wrong = s.inspectRow(page[i])
			}
		})
	}
	group.Wait()
}

// inspectRow returns what is wrong with the content of an entry, "" if nothing is.
func (s *Store) inspectRow(r *row) string {
	if r.isEmpty() {
		return ""
	}
	r.leaf = receipt.Commitment(r.salt, r.body)
	if len(r.flat) < tlog.HashSize || r.leaf != tlog.Hash(r.flat[:tlog.HashSize]) {
		return "its content was changed: the log commits to another"
	}
	if err := receipt.VerifySignature(s.signerOf(r), r.body, r.signature); err != nil {
		return "its content was changed: " + err.Error()
	}
	switch r.kind {
	case kindErasure:
		var err error
		if r.erasure, err = parseErasure(r.body, r.index); err != nil {
			return "its content was changed: " + err.Error()
		}
		return ""
	case kindKey:
		if r.handover == nil {
			return "its content was changed: it hands over to another key than the one that signs"
		}
		return ""
	case kindBranch:
		var err error
		if r.branch, err = parseBranch(r.body, r.index); err != nil {
			return "its content was changed: " + err.Error()
		}
		return ""
	case kindEdition:
		r.edition = new(commitment)
		if err := json.Unmarshal(r.body, r.edition); err != nil || r.edition.Kind != kindEdition {
			return "its content was changed: it is no edition"
		}
		return ""
	}
	return s.inspectReceipt(r)
}

// signerOf returns the verifier of the key that has to have signed an entry.
func (s *Store) signerOf(r *row) string {
	if r.kind != kindKey {
		return s.keyOf(r.index)
	}
	var err error
	if r.handover, err = parseHandover(r.body); err != nil || r.handover.Old != s.keyOf(r.index) || r.handover.New != s.keyOf(r.index+1) {
		r.handover = nil
		return s.keyOf(r.index)
	}
	return r.handover.signer()
}

func (s *Store) inspectReceipt(r *row) string {
	kept, err := receipt.Open(s.keyOf(r.index), r.body, r.signature)
	switch {
	case err != nil:
		return "its content was changed: " + err.Error()
	case r.id.String != kept.ID():
		return fmt.Sprintf("it is filed under the id %q, and is of %q", r.id.String, kept.ID())
	case r.received.Int64 != kept.Received().Unix():
		return "it is filed under another time than its own"
	}
	r.badly = kept.IsBadlyWritten()
	return ""
}

// isEmpty reports whether all content of a receipt is gone.
func (r *row) isEmpty() bool {
	return r.kind == kindReceipt && !r.id.Valid && !r.received.Valid && r.salt == nil && r.body == nil && r.signature == nil
}

// entry checks the entry at v.next.
func (v *verifier) entry(r *row) {
	switch {
	case r.isEmpty():
		v.empty = extend(v.empty, r.index)
		v.result.Erased++
	case r.wrong != "":
		v.fault(r.index, r.index, "%s", r.wrong)
	case r.badly:
		v.result.Badly = append(v.result.Badly, Badly{r.index, r.id.String})
	}
	if r.kind == kindReceipt && !r.isEmpty() {
		v.result.Receipts++
	}
	if r.erasure != nil {
		v.erasure = append(v.erasure, r.erasure.Entries...)
	}
	if r.edition != nil && r.wrong == "" {
		v.edition[r.index] = r.edition
	}
	if (r.branch != nil || r.handover != nil) && r.wrong == "" {
		v.result.Turns = append(v.result.Turns, Turn{Index: r.index, Branch: r.branch, Key: r.handover})
	}

	levels := bits.TrailingZeros64(uint64(r.index+1)) + 1
	if len(r.flat) != levels*tlog.HashSize {
		v.fault(r.index, r.index, "its hashes are those of another place in the log")
		v.lose()
		return
	}
	for level := range levels {
		hash := tlog.Hash(r.flat[level*tlog.HashSize:][:tlog.HashSize])
		if level > 0 {
			v.compare(level, hash)
		}
		v.edge[tlog.StoredHashIndex(level, r.index>>level)] = hash
	}
	v.cut(levels - 1)
}

// compare checks the hash of the subtree of a level that ends at v.next against
// those of its two halves.
func (v *verifier) compare(level int, hash tlog.Hash) {
	n := v.next >> (level - 1)
	left, found := v.edge[tlog.StoredHashIndex(level-1, n-1)]
	right := v.edge[tlog.StoredHashIndex(level-1, n)]
	if found && tlog.NodeHash(left, right) != hash {
		first := v.next + 1 - 1<<level
		v.fault(first, v.next, "%s was changed or put elsewhere, with its hash", someOf(first, v.next))
	}
}

// cut forgets the subtrees that are now part of the one of that level.
func (v *verifier) cut(level int) {
	for l := range level {
		n := v.next >> l
		delete(v.edge, tlog.StoredHashIndex(l, n))
		delete(v.edge, tlog.StoredHashIndex(l, n-1))
	}
}

// lose passes an entry whose hashes are not known.
func (v *verifier) lose() {
	level := bits.TrailingZeros64(uint64(v.next + 1))
	v.cut(level)
	delete(v.edge, tlog.StoredHashIndex(level, v.next>>level))
}

// isTree reports whether tree is what has been walked so far. Where hashes are
// missing, which is a fault of its own, it is taken to be.
func (v *verifier) isTree(tree tlog.Tree) bool {
	for _, place := range peaks(v.next) {
		if _, found := v.edge[place]; !found {
			return true
		}
	}
	root, err := tlog.TreeHash(v.next, v.edge)
	return err == nil && root == tree.Hash
}

// checkpoints returns the checkpoints of more than from and up to to entries.
func (v *verifier) checkpoints(ctx context.Context, from, to int64) (map[int64]string, error) {
	rows, err := v.store.db.read.QueryContext(ctx, `SELECT size, note FROM checkpoints WHERE size > $1 AND size <= $2`, from, to)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]string)
	err = each(rows, func(rows *sql.Rows) error {
		var size int64
		var signed []byte
		err := rows.Scan(&size, &signed)
		found[size] = string(signed)
		return err
	})
	return found, err
}

func (v *verifier) newestCheckpoint(ctx context.Context) (size int64, err error) {
	err = v.store.db.read.QueryRowContext(ctx, `SELECT size FROM checkpoints ORDER BY size DESC LIMIT 1`).Scan(&size)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return size, err
}

// checkpoint checks a checkpoint of the entries up to v.next.
func (v *verifier) checkpoint(size int64, signed string) {
	tree, err := receipt.OpenCheckpoint(v.store.keyOf(size), signed)
	switch {
	case err != nil || tree.N != size:
		v.fault(size-1, size-1, "the checkpoint behind it was changed: it is not signed for %d entries", size)
	case v.isTree(tree):
		v.signed, v.forked = size, false
	case !v.forked: // else it follows from what has been said
		v.forked = true
		v.fault(v.signed, size-1, "%s was changed, removed or put elsewhere, with its hashes: the tree is not what was signed", someOf(v.signed, size-1))
	}
}

// finish looks at the ends of the log, once there are no more entries. h is its
// head, nil where that does not hold together, newest the size of its newest
// checkpoint.
func (v *verifier) finish(ctx context.Context, h *head, newest int64) error {
	v.result.Size = v.next
	size := newest
	if h != nil {
		size = max(size, h.size)
	}
	if v.next < size {
		v.fault(v.next, size-1, "removed from the log")
	}
	switch {
	case h == nil, v.next == h.size && !v.hasEdge(h), v.next > h.size && v.next == v.signed:
		v.fault(max(v.next-1, 0), max(v.next-1, 0), "the head of the log, behind it, was changed")
	case v.next > h.size:
		v.fault(h.size, v.next-1, "not added to the log by this program")
	}
	if v.signed < v.next && !v.forked {
		v.fault(v.signed, v.next-1, "no signed checkpoint covers them")
	}
	if v.since != nil && v.since.N > v.next {
		v.unlike = &Fault{v.next, v.since.N - 1, "removed from the log: an earlier checkpoint had them"}
	}
	return errors.Join(v.compareTurns(ctx), v.compareErasures(ctx), v.compareEditions(ctx))
}

// compareTurns checks that the turns of the log are those that the database finds
// at once, and that what since is of is there, or said to be lost.
func (v *verifier) compareTurns(ctx context.Context) error {
	listed, err := v.listedTurns(ctx)
	if err != nil {
		return err
	}
	var branches []*Branch
	for i, turn := range v.result.Turns {
		if !listed[turn.Index] {
			v.fault(turn.Index, turn.Index, "a turn of the log that is not listed as one")
		}
		delete(listed, turn.Index)
		if turn.Branch != nil {
			branches = append(branches, turn.Branch)
			v.result.Turns[i].Lost = v.lost(turn)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(listed)) {
		v.fault(index, index, "listed as a turn of the log, and is none")
	}
	if v.unlike == nil {
		return nil
	}
	if known, err := v.store.isLost(branches, *v.since); err == nil && known {
		return nil
	}
	v.result.Faults = append(v.result.Faults, *v.unlike)
	return nil
}

// listedTurns returns which of the entries that were passed the database finds at
// once as turns.
func (v *verifier) listedTurns(ctx context.Context) (map[int64]bool, error) {
	listed := make(map[int64]bool)
	if v.store.db.turnless {
		return listed, nil
	}
	rows, err := v.store.db.read.QueryContext(ctx, `SELECT idx FROM turns WHERE idx >= $1 AND idx < $2`, v.result.From, v.next)
	if err != nil {
		return nil, err
	}
	return listed, each(rows, func(rows *sql.Rows) error {
		var index int64
		err := rows.Scan(&index)
		listed[index] = true
		return err
	})
}

// lost returns how many entries there were before a branch, 0 where nobody knows.
func (v *verifier) lost(turn Turn) int64 {
	if turn.Branch.Checkpoint == "" {
		return 0
	}
	tree, err := v.store.openCheckpoint(turn.Branch.Checkpoint)
	if err != nil {
		v.fault(turn.Index, turn.Index, "the checkpoint of what is lost does not hold: %v", err)
	}
	return tree.N
}

func (v *verifier) hasEdge(h *head) bool {
	for place, hash := range h.hashes {
		if known, found := v.edge[place]; found && known != hash {
			return false
		}
	}
	return true
}

// compareErasures checks that exactly what is said to be erased is.
func (v *verifier) compareErasures(ctx context.Context) error {
	named := merge(v.erasure)
	for _, s := range without(v.empty, named) {
		v.fault(s.First, s.Last, "without content, and nothing says that it was erased")
	}
	for _, s := range without(named, v.empty) {
		// It may have been erased since it was passed.
		var n int64
		err := v.store.db.read.QueryRowContext(ctx, `SELECT count(*) FROM entries WHERE idx >= $1 AND idx <= $2 AND body IS NOT NULL`,
			s.First, s.Last).Scan(&n)
		if err != nil {
			return err
		}
		if n > 0 {
			v.fault(s.First, s.Last, "was erased, and has content again")
		}
	}
	return nil
}

// compareEditions checks that what visitors were shown is as it was published.
func (v *verifier) compareEditions(ctx context.Context) error {
	for _, index := range slices.Sorted(maps.Keys(v.edition)) {
		published := v.edition[index]
		e, err := readEdition(ctx, v.store.db.read, editionKey{published.Rev, published.Text, published.Lang})
		switch {
		case errors.Is(err, ErrNotFound):
			v.fault(index, index, "the text that it published is gone")
		case err != nil:
			return err
		case e.commitment() != *published:
			v.fault(index, index, "the text that it published was changed")
		}
	}
	return nil
}
