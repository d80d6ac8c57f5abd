//go:build !js

package app_test

import (
	"slices"
	"testing"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app"
)

// stage is a component that hands out its context, which only go-app can make.
type stage struct {
	ui.Compo
	ctx ui.Context
}

func (s *stage) OnPreRender(ctx ui.Context) { s.ctx = ctx }
func (s *stage) Render() ui.UI              { return ui.Div() }

// TestLayers_ClosedLate: the event that tells of the last closing may come
// between the wish to open the dialog anew and its being shown. What is shown
// can be closed.
func TestLayers_ClosedLate(t *testing.T) {
	engine, s := ui.NewTestEngine(), &stage{}
	if err := engine.Load(s); err != nil {
		t.Fatal(err)
	}
	engine.ConsumeAll()
	page := &fakePage{}
	layers := &app.Layers{Edition: edition(), Session: newSession(page)}

	layers.Open(s.ctx)
	layers.Close(s.ctx)
	engine.ConsumeAll()
	layers.Close(s.ctx)
	if want := []string{"show", "close"}; !slices.Equal(page.dialog, want) {
		t.Errorf("the dialog was told to %q, want %q", page.dialog, want)
	}
}
