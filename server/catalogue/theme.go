package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"sync"

	"temoin.example/temoin/web"
)

// wordings are texts of the interface by language and name, as a catalogue's
// own texts are.
type wordings map[string]map[string]string

// themeWordings returns the words that themes come with. Most have none; the
// French State's has some that its visitors know.
var themeWordings = sync.OnceValues(func() (map[Theme]wordings, error) {
	themes := map[Theme]wordings{}
	for _, theme := range Themes() {
		texts, err := readThemeWordings(web.Texts(), "themes/"+string(theme)+".yaml")
		if err != nil {
			return nil, fmt.Errorf("read theme: %w", err)
		}
		themes[theme] = texts
	}
	return themes, nil
})

func readThemeWordings(files fs.FS, name string) (wordings, error) {
	data, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, problems := read(name, data)
	if problems != nil {
		return nil, problems
	}
	var texts wordings
	d.value("", d.nodes[""], reflect.ValueOf(&texts).Elem())
	return texts, d.problems.err()
}
