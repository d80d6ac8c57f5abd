package catalogue

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"temoin.example/temoin/app/consent"
)

// maxFileSize is far more than any catalogue needs, and little enough to read
// whatever a file of that size holds.
const maxFileSize = 1 << 20

// A path names a value in a file: /services/#0/name. The root is "".
type path string

func (p path) key(name string) path { return p + "/" + path(name) }
func (p path) item(i int) path      { return p + "/#" + path(strconv.Itoa(i)) }

// split returns the path of what holds the value, and the value's name there.
func (p path) split() (parent path, name string) {
	cut := max(strings.LastIndexByte(string(p), '/'), 0)
	return p[:cut], strings.TrimPrefix(string(p[cut:]), "/")
}

// label names the value in a sentence.
func (p path) label() string {
	parent, name := p.split()
	if name == "" {
		return "the file"
	}
	if number, isItem := strings.CutPrefix(name, "#"); isItem {
		i, _ := strconv.Atoi(number)
		return fmt.Sprintf("item %d of %s", i+1, parent.label())
	}
	return strconv.Quote(name)
}

// decoder reads a tree of YAML nodes onto Go values, by the names of their
// json tags. The YAML library's own decoder stops at the first mistake of a
// kind, and forgets where values came from; this one notes every mistake, and
// the place of every value for the checks that follow.
type decoder struct {
	file     string
	problems Problems
	keys     map[path]*yaml.Node
	nodes    map[path]*yaml.Node
	failed   map[path]bool
	// merger is nil where the file is no catalogue.
	merger *merger
}

// read parses a file for a decoder, whose method decode reads it on.
func read(file string, data []byte) (*decoder, Problems) {
	root, problem := parse(data)
	if problem != nil {
		problem.File = file
		return nil, Problems{*problem}
	}
	return &decoder{
		file:   file,
		keys:   map[path]*yaml.Node{},
		nodes:  map[path]*yaml.Node{"": root},
		failed: map[path]bool{},
	}, nil
}

// decode reads the file onto target, a pointer to a struct. Mistakes are in the
// decoder's problems.
func (d *decoder) decode(target any) {
	d.value("", d.nodes[""], reflect.ValueOf(target).Elem())
}

// parse returns the root of the one document that data holds.
func parse(data []byte) (*yaml.Node, *Problem) {
	if len(data) > maxFileSize {
		return nil, &Problem{Line: 1, Column: 1,
			Wrong: fmt.Sprintf("the file has %d bytes", len(data)),
			Right: fmt.Sprintf("want at most %d", maxFileSize)}
	}
	if problem := checkCharacters(data); problem != nil {
		return nil, problem
	}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	err := documents.Decode(&first)
	if errors.Is(err, io.EOF) || err == nil && isNull(first.Content[0]) {
		return nil, &Problem{Line: 1, Column: 1, Wrong: "the file is empty", Right: `want at least "site" and "languages"`}
	}
	if err != nil {
		return nil, syntaxProblem(err)
	}
	switch err := documents.Decode(&second); {
	case err == nil:
		return nil, &Problem{Line: second.Line, Column: second.Column,
			Wrong: "a second document begins here", Right: "want one document: remove the line ---"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxProblem(err)
	}
	return first.Content[0], nil
}

// checkCharacters finds the first character that YAML does not allow: the
// library refuses it too, but does not say where it is.
func checkCharacters(data []byte) *Problem {
	line, column := 1, 1
	for i, width := 0, 0; i < len(data); i += width {
		var r rune
		r, width = utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && width == 1:
			return &Problem{Line: line, Column: column,
				Wrong: fmt.Sprintf("the byte %#02x is not UTF-8", data[i]), Right: "save the file as UTF-8"}
		case r == '\n':
			line, column = line+1, 1
			continue
		case r == '\uFEFF' && i == 0:
			continue
		case r == '\uFEFF' || r == '\uFFFE' || r == '\uFFFF' || unicode.IsControl(r) && !strings.ContainsRune("\t\r\u0085", r):
			return &Problem{Line: line, Column: column,
				Wrong: fmt.Sprintf("the file holds the control character %U", r), Right: "remove it"}
		}
		column++
	}
	return nil
}

var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func syntaxProblem(err error) *Problem {
	problem := &Problem{Line: 1, Column: 1, Wrong: err.Error(),
		Right: "want YAML: look at the indentation, colons and quotes around this line"}
	parts := syntaxError.FindStringSubmatch(err.Error())
	if parts == nil {
		return problem
	}
	problem.Wrong = parts[2]
	if line, err := strconv.Atoi(parts[1]); err == nil {
		problem.Line = line
		// The library's scanner counts lines from 1, its parser from 0.
		if strings.HasPrefix(problem.Wrong, "did not find expected") {
			problem.Line++
		}
	}
	return problem
}

// problem notes a mistake in the value at that path or, where the file has
// none, in what should hold it.
func (d *decoder) problem(at path, wrong, right string) {
	for d.nodes[at] == nil && at != "" {
		at, _ = at.split()
	}
	d.problemAt(d.nodes[at], wrong, right)
}

func (d *decoder) problemAt(node *yaml.Node, wrong, right string) {
	d.problems = append(d.problems, Problem{d.file, node.Line, node.Column, wrong, right})
}

// fail notes a mistake that leaves nothing of the value to check.
func (d *decoder) fail(at path, wrong, right string) {
	d.failed[at] = true
	d.problem(at, wrong, right)
}

// mismatch notes that the value is of another type than the one wanted.
func (d *decoder) mismatch(at path, want string) {
	d.fail(at, at.label()+" holds "+describe(d.nodes[at]), "want "+want)
}

// given reports whether the file has a value at that path.
func (d *decoder) given(at path) bool { return d.nodes[at] != nil }

// read reports whether the file has a value at that path that could be read.
func (d *decoder) read(at path) bool { return d.given(at) && !d.failed[at] }

// value reads node, which may be of any kind, onto v.
func (d *decoder) value(at path, node *yaml.Node, v reflect.Value) {
	d.nodes[at] = node
	if node.Kind == yaml.AliasNode {
		d.fail(at, fmt.Sprintf("%s is the alias *%s", at.label(), node.Value), "write its value out")
		return
	}
	switch target := v.Addr().Interface().(type) {
	case *consent.Text:
		d.text(at, target)
		return
	case *consent.Duration:
		d.duration(at, target)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(at, node, v.Elem())
	case reflect.Struct:
		d.structure(at, v)
	case reflect.Map:
		d.mapping(at, v)
	case reflect.Slice:
		d.list(at, v)
	case reflect.Bool:
		d.boolean(at, v)
	case reflect.Int:
		d.number(at, v)
	case reflect.String:
		d.word(at, v)
	default:
		panic("catalogue: no reader for " + v.Type().String())
	}
}

func (d *decoder) structure(at path, v reflect.Value) {
	if d.nodes[at].Kind != yaml.MappingNode {
		d.mismatch(at, "keys with values")
		return
	}
	var more []string // keys that the type does not have
	if v.Type() == reflect.TypeFor[consent.Service]() {
		if !d.preset(at) {
			return
		}
		more = []string{presetKey}
	}
	fields := fieldsOf(v.Type())
	for _, entry := range d.entries(at) {
		name := entry.key.Value
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if slices.Contains(more, name) {
			continue
		}
		if i < 0 {
			d.problemAt(entry.key, fmt.Sprintf("unknown key %q", name), suggestion(name, append(more, names(fields)...)))
			continue
		}
		d.value(at.key(name), entry.value, v.FieldByIndex(fields[i].index))
	}
	for _, field := range fields {
		if field.required && !d.given(at.key(field.name)) {
			d.missing(at, field)
		}
	}
}

// missing notes that a key is not there, and says in the words of the schema
// what it is for.
func (d *decoder) missing(at path, f field) {
	right := "add it"
	if f.description != "" {
		right += ": " + strings.TrimSuffix(f.description, ".")
	}
	d.problem(at, fmt.Sprintf("%q is missing", f.name), right)
}

func (d *decoder) mapping(at path, v reflect.Value) {
	if d.nodes[at].Kind != yaml.MappingNode {
		d.mismatch(at, "keys with values")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, entry := range d.entries(at) {
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(at.key(entry.key.Value), entry.value, value)
		v.SetMapIndex(reflect.ValueOf(entry.key.Value), value)
	}
}

func (d *decoder) list(at path, v reflect.Value) {
	node := d.nodes[at]
	if node.Kind != yaml.SequenceNode {
		d.mismatch(at, "a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		d.value(at.item(i), item, v.Index(i))
	}
}

func (d *decoder) boolean(at path, v reflect.Value) {
	switch node := d.nodes[at]; {
	case node.Kind != yaml.ScalarNode || node.ShortTag() != "!!bool":
		d.mismatch(at, "true or false")
	case strings.EqualFold(node.Value, "true"):
		v.SetBool(true)
	case strings.EqualFold(node.Value, "false"):
		v.SetBool(false)
	default:
		d.mismatch(at, "true or false")
	}
}

func (d *decoder) number(at path, v reflect.Value) {
	node := d.nodes[at]
	n, err := strconv.Atoi(node.Value)
	if node.Kind != yaml.ScalarNode || node.ShortTag() != "!!int" || err != nil {
		d.mismatch(at, "a whole number")
		return
	}
	v.SetInt(int64(n))
}

func (d *decoder) word(at path, v reflect.Value) {
	word, ok := d.scalar(at, "a text")
	if !ok {
		return
	}
	if values := enums[v.Type()]; values != nil && !slices.Contains(values, word) {
		d.fail(at, fmt.Sprintf("%s is %q", at.label(), word), "want one of: "+strings.Join(values, ", "))
		return
	}
	v.SetString(word)
}

func (d *decoder) duration(at path, duration *consent.Duration) {
	const want = `a duration, such as "13 months"`
	if tag := d.nodes[at].ShortTag(); tag == "!!int" || tag == "!!float" {
		d.mismatch(at, want+": the unit is missing")
		return
	}
	words, ok := d.scalar(at, want)
	if !ok {
		return
	}
	var err error
	if *duration, err = consent.ParseDuration(words); err != nil {
		wrong, right, _ := strings.Cut(err.Error(), "; ")
		d.fail(at, wrong, right)
	}
}

// text reads a wording: a plain text where it is the same in every language,
// else one text per language.
func (d *decoder) text(at path, text *consent.Text) {
	node := d.nodes[at]
	if node.Kind != yaml.MappingNode {
		if wording, ok := d.scalar(at, "a text, or one text per language"); ok {
			*text = consent.Text{consent.AnyLanguage: wording}
		}
		return
	}
	if len(node.Content) == 0 {
		d.fail(at, at.label()+" is empty", "want one text per language")
		return
	}
	*text = consent.Text{}
	for _, entry := range d.entries(at) {
		lang := entry.key.Value
		var wording string
		d.value(at.key(lang), entry.value, reflect.ValueOf(&wording).Elem())
		if d.read(at.key(lang)) {
			(*text)[lang] = wording
		}
	}
}

// scalar returns the text at that path, if it is one that may be shown.
func (d *decoder) scalar(at path, want string) (text string, ok bool) {
	node := d.nodes[at]
	if node.Kind != yaml.ScalarNode {
		d.mismatch(at, want)
		return "", false
	}
	switch node.ShortTag() {
	case "!!str", "!!timestamp": // what looks like a date is still a text
	case "!!int", "!!float", "!!bool":
		d.mismatch(at, fmt.Sprintf("%s: put it in quotes, '%s'", want, node.Value))
		return "", false
	default:
		d.mismatch(at, want)
		return "", false
	}
	if wrong, right := textFault(node.Value); wrong != "" {
		d.fail(at, at.label()+" "+wrong, right)
		return "", false
	}
	return node.Value, true
}

// textFault says what would spoil a text where it is shown: the interface is
// drawn with texts that neither begin nor end with a space.
func textFault(text string) (wrong, right string) {
	if text == "" {
		return "is empty", "want a text, or no such key"
	}
	isControl := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }
	if i := strings.IndexFunc(text, isControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return fmt.Sprintf("holds the control character %U", r), "remove it; a text over several lines begins with >-"
	}
	if strings.TrimSpace(text) != text {
		return "begins or ends with a space", "remove it"
	}
	return "", ""
}

type entry struct{ key, value *yaml.Node }

// entries returns the keys of the mapping at that path with their values, each
// key once.
func (d *decoder) entries(at path) []entry {
	var list []entry
	content := d.nodes[at].Content
	for i := 0; i+1 < len(content); i += 2 {
		key := content[i]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			d.problemAt(key, "this key holds "+describe(key), "want a word")
			continue
		}
		place := at.key(key.Value)
		if first := d.keys[place]; first != nil {
			d.problemAt(key, fmt.Sprintf("%q is given twice", key.Value),
				fmt.Sprintf("keep one: the first is on line %d", first.Line))
			continue
		}
		d.keys[place] = key
		list = append(list, entry{key, content[i+1]})
	}
	return list
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// describe says what a node holds, for the sentence "… holds …".
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "the alias *" + node.Value
	}
	switch tag := node.ShortTag(); tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + node.Value
	case "!!bool":
		return node.Value
	case "!!str", "!!timestamp":
		return fmt.Sprintf("the text %q", shorten(node.Value))
	default:
		return "a value of the type " + tag
	}
}

func shorten(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// field is a key that a struct is read from; fields are in the struct's order,
// those of a catalogue in the order in which it is written.
type field struct {
	name, description string
	required          bool
	index             []int // for reflect's FieldByIndex
}

// defaults are the keys that may be left out although they always have a
// value. Every other key has to be given unless its json tag says omitempty.
var defaults = map[reflect.Type][]string{
	reflect.TypeFor[Catalogue]():              {"links", "cookie", "reopen", "categories", "services"},
	reflect.TypeFor[consent.Links]():          {"charter"},
	reflect.TypeFor[consent.CookieSettings](): {"name", "lifetime"},
	reflect.TypeFor[consent.Category]():       {"title", "description"},
}

// enums are the types of texts that have few values.
var enums = map[reflect.Type][]string{
	reflect.TypeFor[consent.Kind]():   words(consent.Kinds()),
	reflect.TypeFor[consent.Party]():  {string(consent.FirstParty), string(consent.ThirdParty)},
	reflect.TypeFor[consent.Signal](): words(consent.Signals()),
	reflect.TypeFor[consent.GPC]():    {string(consent.GPCRefuse), string(consent.GPCAsk)},
	reflect.TypeFor[Theme]():          words(Themes()),
	reflect.TypeFor[Position]():       words(Positions()),
	reflect.TypeFor[Scheme]():         words(Schemes()),
	reflect.TypeFor[Reload]():         {string(ReloadAfterScript), string(ReloadNever), string(ReloadAlways), string(ReloadOnChange)},
	reflect.TypeFor[HeldRequests]():   {string(HeldFail), string(HeldWait)},
	reflect.TypeFor[ProgramLoad]():    {string(LoadIdle), string(LoadNear)},
	reflect.TypeFor[Frames]():         {string(FramesHide), string(FramesAsk)},
}

func words[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		owner := t
		if len(f.Index) > 1 {
			owner = t.Field(f.Index[0]).Type
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{
			name:        name,
			description: descriptions[owner.Name()][name],
			required:    options != "omitempty" && !slices.Contains(defaults[t], name),
			index:       f.Index,
		})
	}
	if t == reflect.TypeFor[Catalogue]() {
		slices.SortFunc(fields, func(a, b field) int {
			return cmp.Compare(slices.Index(keyOrder, a.name), slices.Index(keyOrder, b.name))
		})
	}
	return fields
}

func names(fields []field) []string {
	list := make([]string, len(fields))
	for i, field := range fields {
		list[i] = field.name
	}
	return list
}
