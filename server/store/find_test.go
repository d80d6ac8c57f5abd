package store

import (
	"database/sql"
	"strings"
	"testing"
)

// TestFirstAndLast_ByIndex: how many receipts there are makes no difference to when the
// first and the last came.
func TestFirstAndLast_ByIndex(t *testing.T) {
	d, err := openDatabase(t.Context(), Config{Dir: t.TempDir()}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	rows, err := d.read.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+firstAndLast)
	if err != nil {
		t.Fatal(err)
	}
	var searched int
	err = each(rows, func(rows *sql.Rows) error {
		var id, parent, unused int
		var step string
		err := rows.Scan(&id, &parent, &unused, &step)
		if strings.Contains(step, "SCAN entries") {
			t.Errorf("it reads all: %s", step)
		}
		if strings.Contains(step, "SEARCH entries USING COVERING INDEX") {
			searched++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if searched != 2 {
		t.Errorf("it looks into an index %d times, want twice", searched)
	}
}
