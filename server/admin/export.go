package admin

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"temoin.example/temoin/server/store"
)

// exportTypes are the media types of the export's formats.
var exportTypes = map[string]string{
	store.CSV:   "text/csv; charset=utf-8",
	store.JSONL: "application/jsonl",
}

// getExport handles "GET /admin/export.csv" and "GET /admin/export.jsonl": the
// receipts of the period, as they come from the store.
func (c *call) getExport() error {
	format := strings.TrimPrefix(path.Ext(c.r.URL.Path), ".")
	p := readPeriod(c.r.URL.Query(), c.config.Now())
	if p.Fault != "" {
		return &Refusal{http.StatusBadRequest, c.language.Say(p.Fault)}
	}
	h := c.w.Header()
	h.Set("Content-Type", exportTypes[format])
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="temoin-%s-%s.%s"`, p.Since(), p.Until(), format))
	if c.r.Method == http.MethodHead {
		return nil
	}
	rows := c.store.Export(c.r.Context(), p.First, p.end())
	controller := http.NewResponseController(c.w)
	if err := store.Write(&patient{c.w, controller}, format, rows); err != nil {
		if c.r.Context().Err() == nil {
			c.config.Log.Error("dashboard: export broken off", "format", format, "error", err)
		}
		// A file that ends too early must not look like a whole one. Nothing more can
		// be written to this client, whoever recovers from the panic.
		_ = controller.SetWriteDeadline(time.Unix(1, 0))
		panic(http.ErrAbortHandler)
	}
	return nil
}

// writeTimeout is how long the client may take for each part of an export. The
// whole of it takes as long as it takes.
const writeTimeout = 30 * time.Second

// patient is a writer that is not bound by the server's time for a whole answer.
type patient struct {
	io.Writer
	controller *http.ResponseController
}

// Write puts the end off before it writes.
func (p *patient) Write(data []byte) (int, error) {
	// A writer without deadlines, as tests have it, is in no need of one.
	_ = p.controller.SetWriteDeadline(time.Now().Add(writeTimeout))
	return p.Writer.Write(data)
}
