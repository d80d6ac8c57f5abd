package audit

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "write web/audit.schema.json anew")

// TestSchema: the committed schema of reports is the one that the types make.
func TestSchema(t *testing.T) {
	const file = "../../web/audit.schema.json"
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, Mapper: func(t reflect.Type) *jsonschema.Schema {
		switch t {
		case reflect.TypeFor[Duration]():
			return &jsonschema.Schema{Type: "number", Description: "Seconds."}
		case reflect.TypeFor[time.Time]():
			return &jsonschema.Schema{Type: "string", Format: "date-time"}
		case reflect.TypeFor[Kind]():
			return oneOfKinds()
		}
		return nil
	}}
	root := reflector.ReflectFromType(reflect.TypeFor[Report]())
	root.Title = "Report of temoin audit"
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(committed, text.Bytes()) {
		t.Errorf("%s is not what the types say: go test ./server/audit -run TestSchema -update (%v)", file, err)
	}
}

func oneOfKinds() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, rule := range rules {
		s.Enum = append(s.Enum, string(rule.kind))
	}
	return s
}
