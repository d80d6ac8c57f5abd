package site

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/web"
)

const budgetFile = "../../web/budgets.txt"

// TestBudgets fails when a visitor has to download more than was agreed.
func TestBudgets(t *testing.T) {
	assets := weighable(t)
	for name, budget := range mustReadBudgets(t) {
		a := assets[name]
		if a == nil {
			t.Errorf("web/budgets.txt has a budget for %q, which is not measured", name)
			continue
		}
		size := a.size("br")
		switch {
		case name == "app.wasm" && os.Getenv("TEMOIN_STOCK") != "":
			// go-app as it is was never within it.
		case size > budget:
			t.Errorf("%s has %d bytes after brotli, %d more than web/budgets.txt allows. "+
				"What came new: ./build.sh bench -size. If it is worth it, raise the line to %d and say why in the commit.",
				name, size, size-budget, size)
		}
	}
}

// weighable returns all that may have a budget, by the name that it has there.
func weighable(t *testing.T) map[string]*Asset {
	assets := map[string]*Asset{}
	hash := regexp.MustCompile(`^/(?:temoin/)?(.+?)(?:\.[0-9a-f]{8})?(\.\w+)$`)
	add := func(c *catalogue.Catalogue, suffix string) {
		b, err := New(c, Options{Receipts: true})
		if err != nil {
			t.Fatal(err)
		}
		for path, a := range b.Files {
			name := hash.ReplaceAllString(path, "$1$2")
			name = strings.TrimSuffix(strings.TrimSuffix(name, ".txt"), ".json")
			assets[name+suffix] = a
		}
	}
	add(mustParse(t, []byte(portalYAML(t)+"  - { id: video, category: third-party, name: Video, provider: Video, purpose: Play videos. }\n")), "")
	add(mustReadDemo(t), ", rich")
	hosts := mustReadDemo(t)
	hosts.Services[len(hosts.Services)-1].Hosts = []string{"www.example.com"}
	add(hosts, ", hosts")
	data, err := fs.ReadFile(web.Dist(), "dialog.css")
	if err != nil {
		t.Fatal(err)
	}
	assets["dialog.css"] = NewAsset("dialog.css", "", data)
	return assets
}

func mustReadBudgets(t *testing.T) map[string]int {
	data, err := os.ReadFile(budgetFile)
	if err != nil {
		t.Fatal(err)
	}
	budgets := map[string]int{}
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		at := strings.LastIndexByte(text, ' ')
		budget, err := strconv.Atoi(text[at+1:])
		if err != nil {
			t.Fatalf("web/budgets.txt: %q is no name and number", text)
		}
		budgets[strings.TrimSpace(text[:at])] = budget
	}
	return budgets
}
