package site

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// prerender returns the markup of a component, as one line of valid HTML that
// is the same at every call.
//
// What go-app's HTMLString prints is not that: it quotes attributes as Go does,
// leaves out the value of an attribute that is "true", prints hidden="false",
// which means hidden, orders attributes by chance, and indents. So its output is
// parsed, repaired and printed by an HTML library. What cannot be repaired is an
// error: see package app for the rules that keep it from happening.
func prerender(component ui.UI) (string, error) {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(ui.HTMLString(component)), body)
	if err != nil {
		return "", fmt.Errorf("parse prerendered markup: %w", err)
	}
	var b bytes.Buffer
	for _, node := range nodes {
		if isIndent(node) {
			continue
		}
		if err := repair(node); err != nil {
			return "", err
		}
		if err := html.Render(&b, node); err != nil {
			return "", fmt.Errorf("print prerendered markup: %w", err)
		}
	}
	return b.String(), nil
}

func repair(node *html.Node) error {
	if err := repairAttributes(node); err != nil {
		return err
	}
	for child := node.FirstChild; child != nil; {
		next := child.NextSibling
		if isIndent(child) {
			node.RemoveChild(child)
		} else if err := repair(child); err != nil {
			return err
		}
		child = next
	}
	if node.Type == html.TextNode {
		node.Data = strings.TrimRight(strings.TrimLeft(node.Data, "\n "), "\n ")
	}
	return nil
}

// isIndent reports whether node is white space that go-app put between elements.
func isIndent(node *html.Node) bool {
	return node.Type == html.TextNode && strings.Trim(node.Data, "\n ") == ""
}

// booleans are the attributes that mean true by being there.
var booleans = []string{"checked", "disabled", "hidden", "open", "required"}

func repairAttributes(node *html.Node) error {
	var kept []html.Attribute
	for _, attribute := range node.Attr {
		if strings.ContainsAny(attribute.Val, `\"`) {
			return fmt.Errorf("print <%s %s=%q>: go-app cannot print a quote, a backslash or an invisible character in an attribute",
				node.Data, attribute.Key, attribute.Val)
		}
		switch {
		case slices.Contains(booleans, attribute.Key):
			if attribute.Val == "false" {
				continue
			}
			attribute.Val = ""
		case strings.HasPrefix(attribute.Key, "aria-") && attribute.Val == "":
			attribute.Val = "true"
		}
		kept = append(kept, attribute)
	}
	slices.SortFunc(kept, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
	node.Attr = kept
	return nil
}
