package admin

import (
	"errors"
	"fmt"
	"net/http"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// erasedBody is what the page says of a receipt that was erased.
type erasedBody struct {
	Search searchBody
	ID     string
}

// erasePath is where a receipt is erased.
const erasePath = Path + "/receipts/erase"

// postErase handles "POST /admin/receipts/erase": what the receipt of an id says is
// erased (GDPR, article 17), its place in the log stays.
func (c *call) postErase() error {
	if err := c.readForm(); err != nil {
		return err
	}
	if c.token != "" && !c.fromForm(c.r.PostForm.Get("token")) {
		return errForeignForm
	}
	id := c.r.PostForm.Get("id")
	if !receipt.IsID(id) || c.r.PostForm.Get("sure") != "yes" {
		return &Refusal{http.StatusBadRequest, c.language.Say("erase-unsure")}
	}
	err := c.store.Erase(c.r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		body := receiptBody{Search: c.search(id)}
		body.Search.Fault = "search-nothing"
		return c.show(http.StatusNotFound, "search", "search-title", body)
	}
	if err != nil {
		return fmt.Errorf("erase a receipt: %w", err)
	}
	c.config.Log.Info("dashboard: receipt erased", "user", c.user)
	return c.show(http.StatusOK, "erased", "erased-title", erasedBody{c.search(""), id})
}
