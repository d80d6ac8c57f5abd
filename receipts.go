//go:build !js

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

const receiptsUsage = `temoin receipts: the proofs of consent

  temoin receipts verify        check every receipt, signature and place in the log, and that the log goes on from the
                                checkpoint that the server keeps beside its key
                 -checkpoint F  or from the one in this file, which was kept elsewhere: a checkpoint, or a visitor's receipt
                 -from F        only what came after the checkpoint in this file: all before it was checked then
  temoin receipts export        write receipts to the standard output
                 -format csv|jsonl  -since 2026-01-01  -until 2026-02-01 (not itself; both UTC)
  temoin receipts show ID       one receipt, with the proof that it is in the log
                 -words         in words instead: what was asked, what stood, and from which receipt
  temoin receipts check FILE    check a receipt that a visitor has downloaded, without the database, and say in words what is in it
  temoin receipts erase ID      erase what a receipt says; its place in the log stays
  temoin receipts stats         how many there are
  temoin receipts checkpoint    what the log is now, signed: keep it elsewhere
  temoin receipts branch "WHO"  where an older copy was brought back, and there is no newer one: has the log say what it
                                lacks since the checkpoint that the server has kept, or -checkpoint F, and who says so
  temoin receipts rotate-key    have a new key sign from now on; the old one says so in the log, and is put away
                 -leaked "WHO"  or because somebody else may have the old one
                 -lost "WHO"    or because the old one is lost: the new one says so in the log

`

const receiptsCommands = "verify, export, show, check, erase, stats, checkpoint, branch and rotate-key"

// receipts carries out the commands about receipts.
func receipts(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c ledger.StoreConfig
	var site, format, since, until, checkpoint, from, leaked, lost string
	flags := flag.NewFlagSet("temoin receipts", flag.ContinueOnError)
	flags.SetOutput(stderr)
	storeFlags(flags, &c)
	siteFlag(flags, &site)
	flags.StringVar(&format, "format", "csv", "csv or jsonl")
	textFlag(flags, &since, "since", "first `day` of the export")
	textFlag(flags, &until, "until", "`day` before which the export ends")
	textFlag(flags, &from, "from", "`file` with the checkpoint behind which the check begins")
	whoFlag(flags, &leaked, "leaked", "`who` says that somebody else may have the key, and why")
	whoFlag(flags, &lost, "lost", "`who` says that the key is lost, and why")
	textFlag(flags, &checkpoint, "checkpoint", "`file` with an earlier checkpoint")
	inWords := flags.Bool("words", false, "show a receipt in words")
	flags.Usage = func() {
		fmt.Fprint(stderr, receiptsUsage)
		flags.PrintDefaults()
	}
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		flags.Usage()
		return errors.New("receipts takes a command; there are " + receiptsCommands)
	}
	if words[0] == "check" {
		return checkReceipt(words[1:], stdout)
	}
	if err := chooseSite(&c, site); err != nil {
		return err
	}
	if words[0] == "rotate-key" {
		return rotateKey(ctx, c, words[1:], leaked, lost, stdout)
	}
	s, err := ledger.OpenStore(ctx, c, "", slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	defer s.Close()
	switch command, words := words[0], words[1:]; command {
	case "verify":
		return verify(ctx, s, words, from, checkpoint, c, stdout)
	case "export":
		return exportReceipts(ctx, s, words, format, since, until, stdout)
	case "show":
		return show(ctx, s, words, *inWords, stdout)
	case "erase":
		return erase(ctx, s, words, stdout)
	case "stats":
		return stats(ctx, s, words, stdout)
	case "checkpoint":
		return printCheckpoint(ctx, s, words, stdout)
	case "branch":
		return branch(ctx, s, words, checkpoint, c, stdout)
	default:
		return fmt.Errorf("no command %q; there are %s", command, receiptsCommands)
	}
}

// only returns the one word that a command takes.
func only(words []string, what string) (string, error) {
	if len(words) != 1 {
		return "", fmt.Errorf("want one %s, not %q", what, words)
	}
	return words[0], nil
}

func none(words []string) error {
	if len(words) > 0 {
		return fmt.Errorf("want flags only, not %q", words[0])
	}
	return nil
}

func verify(ctx context.Context, s *store.Store, words []string, from, file string, c ledger.StoreConfig, stdout io.Writer) error {
	if err := none(words); err != nil {
		return err
	}
	earlier, err := readCheckpoint(file, c)
	if err != nil {
		return err
	}
	v, err := verification(ctx, s, from, earlier)
	if err != nil {
		return err
	}
	for _, fault := range v.Faults {
		fmt.Fprintln(stdout, place(fault)+":", fault.What)
	}
	for _, badly := range v.Badly {
		fmt.Fprintf(stdout, "entry %d, receipt %s: badly written by an earlier version, and as it was signed; its site cannot be told\n", badly.Index, badly.ID)
	}
	for _, turn := range v.Turns {
		fmt.Fprintln(stdout, turned(turn))
	}
	if v.From > 0 {
		fmt.Fprintf(stdout, "the first %d entries were not looked at\n", v.From)
	}
	fmt.Fprintf(stdout, "%d entries, %d receipts, %d erased\n", v.Size-v.From, v.Receipts, v.Erased)
	if len(v.Faults) > 0 {
		return fmt.Errorf("the log has been changed: %d faults", len(v.Faults))
	}
	switch {
	case v.From > 0:
		fmt.Fprintln(stdout, "the log goes on from that checkpoint, whole")
	case len(v.Turns) > 0:
		fmt.Fprintln(stdout, "the log is whole, but for what it says itself")
	default:
		fmt.Fprintln(stdout, "the log is whole")
	}
	return nil
}

func verification(ctx context.Context, s *store.Store, from, earlier string) (*store.Verification, error) {
	if from == "" {
		return s.Verify(ctx, earlier)
	}
	begin, err := ledger.ReadCheckpoint(from)
	if err != nil {
		return nil, err
	}
	return s.VerifyFrom(ctx, begin, earlier)
}

// readCheckpoint reads the earlier checkpoint that a log is held against: the one
// in file, and where none is named the one that the server keeps beside its key, if
// it does.
func readCheckpoint(file string, c ledger.StoreConfig) (string, error) {
	if file == "" {
		return c.KeptCheckpoint()
	}
	return ledger.ReadCheckpoint(file)
}

// turned says in one line where the log did not simply go on.
func turned(turn store.Turn) string {
	if turn.Key != nil {
		return handedOver(turn.Index, turn.Key)
	}
	b := turn.Branch
	missing := "nobody knows how many"
	if turn.Lost > 0 {
		missing = fmt.Sprintf("up to entry %d at least", turn.Lost-1)
	}
	return fmt.Sprintf("entry %d: the log goes on as a branch: what once came from entry %d on is missing, %s; %s: %s",
		turn.Index, b.First, missing, b.At.Format(time.RFC3339), b.By)
}

// handedOver says in one line where another key began to sign, and why.
func handedOver(index int64, h *store.Handover) string {
	why := map[store.Why]string{
		store.Renewed: "the key before it says so",
		store.Leaked:  "somebody else may have the key before it: what that one has signed counts only where it is in the log",
		store.Lost:    "the key before it is lost, and has not said so itself",
	}[h.Why]
	line := fmt.Sprintf("entry %d: from the next one on %s signs; %s; %s", index, h.New, why, h.At.Format(time.RFC3339))
	if h.By != "" {
		line += ": " + h.By
	}
	return line
}

func rotateKey(ctx context.Context, c ledger.StoreConfig, words []string, leaked, lost string, stdout io.Writer) error {
	if err := none(words); err != nil {
		return err
	}
	if leaked != "" && lost != "" {
		return errors.New("a key is -leaked or -lost; of one that is both, nobody is left who could say so: take -lost")
	}
	if lost != "" {
		if err := ledger.ReplaceLost(ctx, c, lost); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s is a new key, and the log says why; keep a copy of it\n", c.KeyPath())
		return nil
	}
	why := store.Renewed
	if leaked != "" {
		why = store.Leaked
	}
	retired, err := ledger.Rotate(ctx, c, why, leaked)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is a new key, and the log says so; keep a copy of it, and make a backup\n", c.KeyPath())
	fmt.Fprintf(stdout, "%s is the old one: older copies need it\n", retired)
	return nil
}

func branch(ctx context.Context, s *store.Store, words []string, file string, c ledger.StoreConfig, stdout io.Writer) error {
	by, err := only(words, `line, in quotes, that says who decides it and why`)
	if err != nil {
		return err
	}
	lost, err := readCheckpoint(file, c)
	if err != nil {
		return err
	}
	b, err := s.Branch(ctx, lost, by)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "entries from %d on are missing; the log says so from now on\n", b.First)
	return nil
}

// place says which entries a fault is in.
func place(fault store.Fault) string {
	if fault.Last > fault.Index {
		return fmt.Sprintf("entries %d to %d", fault.Index, fault.Last)
	}
	return fmt.Sprintf("entry %d", fault.Index)
}

func exportReceipts(ctx context.Context, s *store.Store, words []string, format, since, until string, stdout io.Writer) error {
	if err := none(words); err != nil {
		return err
	}
	from, err := day("since", since, time.Time{})
	if err != nil {
		return err
	}
	to, err := day("until", until, time.Now().Add(24*time.Hour))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	if err := store.Write(out, format, s.Export(ctx, from, to)); err != nil {
		return err
	}
	return out.Flush()
}

func day(name, value string, absent time.Time) (time.Time, error) {
	if value == "" {
		return absent, nil
	}
	t, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return t, fmt.Errorf("-%s is %q; want a day such as 2026-01-31", name, value)
	}
	return t, nil
}

func show(ctx context.Context, s *store.Store, words []string, inWords bool, stdout io.Writer) error {
	id, err := only(words, "id of a receipt")
	if err != nil {
		return err
	}
	file, err := s.Find(ctx, id)
	if err != nil {
		return err
	}
	if inWords {
		return printWords(stdout, file)
	}
	return printJSON(stdout, file)
}

func printWords(w io.Writer, file *receipt.File) error {
	_, err := fmt.Fprintln(w, strings.Join(file.Receipt.Words("en"), "\n"))
	return err
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func checkReceipt(words []string, stdout io.Writer) error {
	name, err := only(words, "file")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read receipt: %w", err)
	}
	file, err := receipt.ParseFile(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := file.Verify(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(stdout, "%s: good; signed by %s\n", name, file.Key)
	return printWords(stdout, file)
}

func erase(ctx context.Context, s *store.Store, words []string, stdout io.Writer) error {
	id, err := only(words, "id of a receipt")
	if err != nil {
		return err
	}
	if err := s.Erase(ctx, id); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "erased", id)
	return nil
}

func stats(ctx context.Context, s *store.Store, words []string, stdout io.Writer) error {
	if err := none(words); err != nil {
		return err
	}
	found, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	return printJSON(stdout, found)
}

func printCheckpoint(ctx context.Context, s *store.Store, words []string, stdout io.Writer) error {
	if err := none(words); err != nil {
		return err
	}
	checkpoint, err := s.Checkpoint(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, checkpoint)
	return err
}
