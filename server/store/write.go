package store

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
)

// The formats in which receipts are exported: a table for people, and the
// signed receipts line by line for programs (JSON Lines).
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// Write writes rows in a format, as they come: a log of any length needs no
// more memory than one row.
func Write(w io.Writer, format string, rows iter.Seq2[*Row, error]) error {
	switch format {
	case CSV:
		return writeTable(w, rows)
	case JSONL:
		return writeLines(w, rows)
	}
	return fmt.Errorf("export: no format %q; there are %s and %s", format, CSV, JSONL)
}

// line is a receipt in JSON Lines: the body is as it was signed.
type line struct {
	Index     int64           `json:"index"`
	Receipt   json.RawMessage `json:"receipt"`
	Signature []byte          `json:"signature"`
	ID        string          `json:"id,omitempty"`    // where the receipt cannot be read
	Fault     string          `json:"fault,omitempty"` // see Row
}

func writeLines(w io.Writer, rows iter.Seq2[*Row, error]) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for row, err := range rows {
		if err != nil {
			return err
		}
		l := line{Index: row.Index, Receipt: row.Body, Signature: row.Signature, Fault: row.Fault}
		if row.Receipt == nil {
			l.ID, l.Receipt = row.ID, nil // which may be no JSON
		}
		if err := encoder.Encode(l); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	return nil
}

// heading names the columns of the table.
var heading = []string{
	"index", "id", "answered", "received", "site", "revision", "text", "language", "how", "gpc", "outcome", "allowed", "refused", "fault",
}

func writeTable(w io.Writer, rows iter.Seq2[*Row, error]) error {
	table := csv.NewWriter(w)
	if err := table.Write(heading); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := table.Write(cells(row)); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	table.Flush()
	return table.Error()
}

func cells(row *Row) []string {
	list := make([]string, len(heading))
	if row.Receipt == nil {
		list[0], list[1] = strconv.FormatInt(row.Index, 10), row.ID
	} else {
		copy(list, said(row))
	}
	list[len(list)-1] = row.Fault
	for i := range list {
		list[i] = defuse(list[i])
	}
	return list
}

// said returns the cells of all that a receipt says.
func said(row *Row) []string {
	r := row.Receipt
	record := r.Record()
	return []string{
		strconv.FormatInt(row.Index, 10), r.ID(), r.At().UTC().Format(time.RFC3339), r.Received().UTC().Format(time.RFC3339),
		r.Site(), r.Rev(), r.Text(), r.Lang(), string(r.How()), strconv.FormatBool(r.GPC()), string(r.Outcome()),
		answered(record, true), answered(record, false),
	}
}

// answered lists the categories and services that were answered so.
func answered(record *consent.Record, granted bool) string {
	var ids []string
	for _, choice := range slices.Concat(record.Choices, record.Services) {
		if choice.Granted == granted {
			ids = append(ids, choice.ID)
		}
	}
	return strings.Join(ids, " ")
}

// defuse keeps spreadsheets from taking a text for a formula.
func defuse(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
